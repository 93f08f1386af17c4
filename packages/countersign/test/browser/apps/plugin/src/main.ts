import "../../shared/app";
