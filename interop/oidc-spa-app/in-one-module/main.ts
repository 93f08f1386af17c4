import "./early-init";
import "../src/main";
