/**
 * Signature checks by the platform: `node:crypto` where it is, which answers at once, else
 * WebCrypto. What needs no cryptography (sizes, weak keys, which key fits which algorithm) has been
 * decided by the engine before.
 */

/** `true` or `false`, at once or later. */
export type Verdict = boolean | Promise<boolean>;

export interface Signatures {
    verify(algorithm: string, jwk: string, message: Uint8Array, signature: Uint8Array): Verdict;
    /** Whether the JWK is a key: its point lies on the curve. */
    isKey(algorithm: string, jwk: string): Verdict;
}

/** The keys used last: importing one costs about as much as using it. */
const KEPT_KEYS = 1000;

/** Keeps what was made for a key, for as many keys as `KEPT_KEYS`. */
const keep = <T>(make: (algorithm: string, jwk: string) => T): ((algorithm: string, jwk: string) => T) => {
    const kept = new Map<string, T>();
    return (algorithm, jwk) => {
        const name = algorithm + jwk;
        let made = kept.get(name);
        if (made === undefined) {
            made = make(algorithm, jwk);
        } else {
            kept.delete(name);
        }
        kept.set(name, made);
        if (kept.size > KEPT_KEYS) {
            kept.delete(kept.keys().next().value!);
        }
        return made;
    };
};

interface NodeCrypto {
    createPublicKey(key: { key: object; format: "jwk" }): object;
    verify(hash: string | null, data: Uint8Array, key: object, signature: Uint8Array): boolean;
    constants: { RSA_PKCS1_PADDING: number; RSA_PKCS1_PSS_PADDING: number; RSA_PSS_SALTLEN_DIGEST: number };
}

const byNode = ({ createPublicKey, verify, constants }: NodeCrypto): Signatures => {
    /** The arguments of `verify`; `null`: it is no key. */
    const prepare = (algorithm: string, jwk: string): { hash: string | null; key: object } | null => {
        try {
            const key = createPublicKey({ key: JSON.parse(jwk), format: "jwk" });
            const hash = `sha${algorithm.slice(2)}`;
            switch (algorithm.slice(0, 2)) {
                case "ES":
                    return { hash, key: { key, dsaEncoding: "ieee-p1363" } };
                case "Ed":
                    return { hash: null, key };
                case "RS":
                    return { hash, key: { key, padding: constants.RSA_PKCS1_PADDING } };
                case "PS": {
                    const padding = constants.RSA_PKCS1_PSS_PADDING;
                    return { hash, key: { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } };
                }
                default:
                    return null;
            }
        } catch {
            return null;
        }
    };
    const prepared = keep(prepare);
    return {
        verify: (algorithm, jwk, message, signature) => {
            const key = prepared(algorithm, jwk);
            try {
                return key !== null && verify(key.hash, message, key.key, signature) === true;
            } catch {
                return false;
            }
        },
        isKey: (algorithm, jwk) => prepared(algorithm, jwk) !== null
    };
};

const byWebCrypto = (subtle: SubtleCrypto): Signatures => {
    type Import = { import: Parameters<SubtleCrypto["importKey"]>[2]; verify: Parameters<SubtleCrypto["verify"]>[0] };
    const parameters = (algorithm: string): Import | undefined => {
        const bits = algorithm.slice(2);
        const hash = `SHA-${bits}`;
        switch (algorithm.slice(0, 2)) {
            case "ES":
                return { import: { name: "ECDSA", namedCurve: bits === "512" ? "P-521" : `P-${bits}` }, verify: { name: "ECDSA", hash } };
            case "Ed":
                return { import: { name: "Ed25519" }, verify: { name: "Ed25519" } };
            case "RS":
                return { import: { name: "RSASSA-PKCS1-v1_5", hash }, verify: { name: "RSASSA-PKCS1-v1_5" } };
            case "PS":
                return { import: { name: "RSA-PSS", hash }, verify: { name: "RSA-PSS", saltLength: Number(bits) / 8 } };
            default:
                return undefined;
        }
    };
    const keys = keep(async (algorithm, jwk) => {
        const found = parameters(algorithm);
        try {
            return found && (await subtle.importKey("jwk", JSON.parse(jwk), found.import, false, ["verify"]));
        } catch {
            return undefined;
        }
    });
    return {
        verify: async (algorithm, jwk, message, signature) => {
            // The views are of memory that may move while this waits.
            const [copy, by] = [message.slice(), signature.slice()];
            const key = await keys(algorithm, jwk);
            try {
                return key !== undefined && (await subtle.verify(parameters(algorithm)!.verify, key, by, copy)) === true;
            } catch {
                return false;
            }
        },
        isKey: async (algorithm, jwk) => (await keys(algorithm, jwk)) !== undefined
    };
};

interface Runtime {
    process?: { getBuiltinModule?: (name: string) => unknown };
    crypto: Crypto;
}

/** The platform's. */
export const platformSignatures = (): Signatures => {
    const { process, crypto } = globalThis as unknown as Runtime;
    const node = process?.getBuiltinModule?.("node:crypto") as NodeCrypto | undefined;
    return typeof node?.verify === "function" && typeof node.createPublicKey === "function" ? byNode(node) : byWebCrypto(crypto.subtle);
};

/** WebCrypto, whatever else there is. */
export const webCryptoSignatures = (): Signatures => byWebCrypto(globalThis.crypto.subtle);
