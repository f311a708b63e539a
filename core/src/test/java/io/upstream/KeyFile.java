// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Locale;
import java.util.Optional;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMEncryptor;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.openssl.jcajce.JcePEMEncryptorBuilder;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.util.io.pem.PemHeader;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemObjectGenerator;
import org.bouncycastle.util.io.pem.PemWriter;
import org.jspecify.annotations.Nullable;

/** The forms in which tools write a private key into PEM. */
enum KeyFile {
    PKCS8(false),
    PKCS8_AES(true),
    PKCS8_3DES(true),
    OPENSSL(false),
    OPENSSL_AES(true),
    OPENSSL_3DES(true),
    /** EC only: with the block that {@code openssl ecparam -genkey} writes before the key. */
    OPENSSL_PARAMETERS_TWICE(false),
    /** EC only: the curve is named in the block before the key and nowhere else. */
    OPENSSL_PARAMETERS_BESIDE(false);

    private static final BouncyCastleProvider CIPHERS = new BouncyCastleProvider();

    static final char[] PASSWORD = "Q2FuYXJ5-pässword".toCharArray();

    final boolean encrypted;

    KeyFile(boolean encrypted) {
        this.encrypted = encrypted;
    }

    /** Without a password where the form has none. */
    ClientCertificate with(Path chain, Path key) {
        return encrypted ? ClientCertificate.pem(chain, key, PASSWORD) : ClientCertificate.pem(chain, key);
    }

    Path write(Path directory, KeyPair pair) throws Exception {
        Path file = directory.resolve(name().toLowerCase(Locale.ROOT) + ".pem");
        return Files.writeString(file, text(pair));
    }

    String text(KeyPair pair) throws Exception {
        return switch (this) {
            case PKCS8 -> pem(new JcaPKCS8Generator(pair.getPrivate(), null));
            case PKCS8_AES -> pem(pkcs8(pair, PKCS8Generator.AES_256_CBC));
            case PKCS8_3DES -> pem(pkcs8(pair, PKCS8Generator.PBE_SHA1_3DES));
            case OPENSSL -> pem(openSsl(pair, null, Curve.WITHIN));
            case OPENSSL_AES -> pem(openSsl(pair, "AES-256-CBC", Curve.WITHIN));
            case OPENSSL_3DES -> pem(openSsl(pair, "DES-EDE3-CBC", Curve.WITHIN));
            case OPENSSL_PARAMETERS_TWICE -> parameters(pair) + pem(openSsl(pair, null, Curve.WITHIN));
            case OPENSSL_PARAMETERS_BESIDE -> parameters(pair) + pem(openSsl(pair, null, Curve.BESIDE));
        };
    }

    private enum Curve {
        WITHIN,
        BESIDE
    }

    private static PemObjectGenerator pkcs8(KeyPair pair, ASN1ObjectIdentifier cipher) throws Exception {
        OutputEncryptor encryptor = new JceOpenSSLPKCS8EncryptorBuilder(cipher)
                .setProvider(CIPHERS)
                .setPassword(PASSWORD)
                .build();
        return new JcaPKCS8Generator(pair.getPrivate(), encryptor);
    }

    private static PemObject openSsl(KeyPair pair, @Nullable String cipher, Curve where) throws Exception {
        PrivateKeyInfo info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
        boolean curve = pair.getPrivate().getAlgorithm().equals("EC");
        String type = curve ? "EC PRIVATE KEY" : "RSA PRIVATE KEY";
        byte[] der = curve
                ? sec1(pair, info, where)
                : info.parsePrivateKey().toASN1Primitive().getEncoded();
        if (cipher == null) {
            return new PemObject(type, der);
        }
        PEMEncryptor encryptor =
                new JcePEMEncryptorBuilder(cipher).setProvider(CIPHERS).build(PASSWORD);
        byte[] encrypted = encryptor.encrypt(der);
        String start = java.util.HexFormat.of().withUpperCase().formatHex(encryptor.getIV());
        return new PemObject(
                type,
                java.util.List.of(
                        new PemHeader("Proc-Type", "4,ENCRYPTED"), new PemHeader("DEK-Info", cipher + "," + start)),
                encrypted);
    }

    private static byte[] sec1(KeyPair pair, PrivateKeyInfo info, Curve where) throws IOException {
        ECPrivateKey bare = ECPrivateKey.getInstance(info.parsePrivateKey());
        ASN1BitString point =
                SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()).getPublicKeyData();
        int bits = ((java.security.interfaces.ECKey) pair.getPrivate())
                .getParams()
                .getOrder()
                .bitLength();
        Optional<ASN1Encodable> named = where == Curve.WITHIN ? Optional.of(curve(info)) : Optional.empty();
        return new ECPrivateKey(
                        bits, bare.getKey(), org.bouncycastle.asn1.DERBitString.convert(point), named.orElse(null))
                .getEncoded();
    }

    private static ASN1Encodable curve(PrivateKeyInfo info) {
        return info.getPrivateKeyAlgorithm().getParameters();
    }

    private static String parameters(KeyPair pair) throws IOException {
        PrivateKeyInfo info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
        return pem(new PemObject("EC PARAMETERS", curve(info).toASN1Primitive().getEncoded()));
    }

    private static String pem(PemObjectGenerator object) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString();
    }
}
