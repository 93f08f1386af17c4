//! Resource server side of DPoP: access-token validation, proof verification, replay, challenges; a tower layer and an axum extractor.
