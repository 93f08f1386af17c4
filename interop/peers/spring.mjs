/** Spring Security's resource server in its newest version. */
import { springPeer } from "./spring/peer.mjs";

export default springPeer({ name: "spring", jar: "spring", version: "spring-boot", doesDpopByItself: false });
