/** Spring Security's resource server in the release line with DPoP on by default. */
import { springPeer } from "./spring/peer.mjs";

export default springPeer({
    name: "spring-4.0",
    jar: "spring-4.0",
    version: "spring-boot-4.0",
    doesDpopByItself: true
});
