// SPDX-License-Identifier: Apache-2.0
package io.upstream.pem;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.util.HexFormat;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.bc.BcPEMDecryptorProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8DecryptorProviderBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.util.io.pem.PemHeader;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/** The forms of a private key in PEM: by its label and headers, made into PKCS #8 and from that into a key of the Java platform. */
final class PemKey {
    /** For the ciphers of encrypted keys only, and never registered with the platform. */
    private static final BouncyCastleProvider CIPHERS = new BouncyCastleProvider();

    private final Path file;
    private final List<PemObject> blocks;

    /** @param blocks all of the file's, for the parameters that may stand beside a key */
    PemKey(Path file, List<PemObject> blocks) {
        this.file = file;
        this.blocks = blocks;
    }

    PrivateKey decode(PemObject block, char @Nullable [] password) throws IOException {
        PrivateKeyInfo info;
        if (password == null || isAscii(password)) {
            info = infoOrDamaged(block, password);
        } else {
            info = infoByEitherSpelling(block, password);
        }
        try {
            return new JcaPEMKeyConverter().getPrivateKey(info);
        } catch (PEMException | RuntimeException e) {
            throw new IOException(file + " has a private key in it of a kind that this Java platform does not know", e);
        }
    }

    /**
     * Ciphers take bytes, and what those of a letter beyond ASCII are, depends on who wrote the file: OpenSSL takes what the terminal gave it,
     * UTF-8 for most; others the lower byte of each character.
     */
    private PrivateKeyInfo infoByEitherSpelling(PemObject block, char[] password) throws IOException {
        char[] octets = new String(new String(password).getBytes(UTF_8), ISO_8859_1).toCharArray();
        try {
            return infoOrDamaged(block, octets);
        } catch (IOException e) {
            return infoOrDamaged(block, password);
        }
    }

    private static boolean isAscii(char[] password) {
        for (char c : password) {
            if (c > 0x7f) {
                return false;
            }
        }
        return true;
    }

    private PrivateKeyInfo infoOrDamaged(PemObject block, char @Nullable [] password) throws IOException {
        try {
            return info(block, password);
        } catch (IllegalArgumentException | IllegalStateException | ClassCastException e) {
            // a wrong password can decrypt into bytes that only look right
            throw isEncrypted(block) ? wrongPassword(e) : new IOException(file + " has a damaged private key in it", e);
        }
    }

    private PrivateKeyInfo info(PemObject block, char @Nullable [] password) throws IOException {
        return switch (block.getType()) {
            case "PRIVATE KEY" -> PrivateKeyInfo.getInstance(block.getContent());
            case "ENCRYPTED PRIVATE KEY" -> decrypted(block, needed(password));
            case "RSA PRIVATE KEY" -> rsa(openSsl(block, password));
            case "EC PRIVATE KEY" -> ellipticCurve(openSsl(block, password));
            default ->
                throw new IOException(file + " has a private key of the form '" + block.getType()
                        + "' in it, which TLS has no use for: RSA and EC keys are taken, as PKCS #8, PKCS #1 or SEC 1");
        };
    }

    /** PKCS #1: RFC 8017 appendix A.1.2. */
    private static PrivateKeyInfo rsa(byte[] der) throws IOException {
        return new PrivateKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                RSAPrivateKey.getInstance(der));
    }

    /** SEC 1: RFC 5915. Which curve it is, is said in the key, or in a block of its own before it. */
    private PrivateKeyInfo ellipticCurve(byte[] der) throws IOException {
        ECPrivateKey key = ECPrivateKey.getInstance(der);
        ASN1Encodable curve = key.getParametersObject();
        if (curve == null) {
            curve = curveBeside();
        }
        return new PrivateKeyInfo(new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, curve), key);
    }

    private ASN1Encodable curveBeside() throws IOException {
        for (PemObject block : blocks) {
            if (block.getType().equals("EC PARAMETERS") && parsed(block) instanceof ASN1ObjectIdentifier name) {
                return name;
            }
        }
        throw new IOException(file + " has an EC private key in it that does not say which curve it is on");
    }

    private static ASN1Primitive parsed(PemObject block) {
        try {
            return ASN1Primitive.fromByteArray(block.getContent());
        } catch (IOException e) {
            throw new IllegalArgumentException("damaged", e); // names no file
        }
    }

    /** The content, decrypted if a header says that it must be: OpenSSL's own way before PKCS #8. */
    @SuppressWarnings("unchecked") // a list without a type in BouncyCastle
    private byte[] openSsl(PemObject block, char @Nullable [] password) throws IOException {
        for (PemHeader header : (List<PemHeader>) block.getHeaders()) {
            if (header.getName().equals("DEK-Info")) {
                String[] parts = header.getValue().split(",", 2);
                if (parts.length != 2) {
                    throw new IOException(file + " has an encrypted private key in it with a damaged header");
                }
                byte[] start = HexFormat.of().parseHex(parts[1].strip());
                try {
                    return new BcPEMDecryptorProvider(needed(password))
                            .get(parts[0].strip())
                            .decrypt(block.getContent(), start);
                } catch (PEMException e) {
                    throw wrongPassword(e);
                }
            }
        }
        return block.getContent();
    }

    private PrivateKeyInfo decrypted(PemObject block, char[] password) throws IOException {
        try {
            return new PKCS8EncryptedPrivateKeyInfo(EncryptedPrivateKeyInfo.getInstance(block.getContent()))
                    .decryptPrivateKeyInfo(new JceOpenSSLPKCS8DecryptorProviderBuilder()
                            .setProvider(CIPHERS)
                            .build(password));
        } catch (PKCSException | OperatorCreationException e) {
            throw wrongPassword(e);
        }
    }

    private char[] needed(char @Nullable [] password) throws IOException {
        if (password == null) {
            throw new IOException(file + " has an encrypted private key in it: give its password");
        }
        return password;
    }

    private static boolean isEncrypted(PemObject block) {
        return block.getType().startsWith("ENCRYPTED") || !block.getHeaders().isEmpty();
    }

    private IOException wrongPassword(Exception cause) {
        return new IOException(
                file + " has an encrypted private key in it that this password does not open, or one encrypted in an"
                        + " unknown way",
                cause);
    }
}
