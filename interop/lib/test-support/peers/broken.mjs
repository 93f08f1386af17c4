export default definePeer({
