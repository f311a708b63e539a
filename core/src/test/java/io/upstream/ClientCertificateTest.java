// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ClientCertificateTest {
    private final Instant now = Instant.now();
    private static X509Bundle authority;
    private static X509Bundle curve;
    private static X509Bundle rsa;

    @TempDir
    private Path directory;

    @BeforeAll
    static void issue() throws Exception {
        authority = builder(Algorithm.ecp256, "CN=Site CA")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        curve = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(authority);
        rsa = builder(Algorithm.rsa2048, "CN=dev-1").buildIssuedBy(authority);
    }

    private static CertificateBuilder builder(Algorithm algorithm, String name) {
        return new CertificateBuilder().algorithm(algorithm).subject(name);
    }

    private Path file(String name, String text) throws Exception {
        return Files.writeString(directory.resolve(name), text);
    }

    private Path chain(X509Bundle... bundles) throws Exception {
        StringBuilder text = new StringBuilder("Bag Attributes\n    friendlyName: device\n");
        for (X509Bundle bundle : bundles) {
            text.append(bundle.getCertificatePEM());
        }
        return file("chain.pem", text.toString());
    }

    @ParameterizedTest(name = "RSA as {0}")
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*PARAMETERS.*")
    void readsAnRsaKeyInEveryForm(KeyFile form) throws Exception {
        Path key = form.write(directory, rsa.getKeyPair());
        ClientCertificate.Loaded loaded = form.with(chain(rsa, authority), key).load();
        assertArrayEquals(
                rsa.getKeyPair().getPrivate().getEncoded(), loaded.key().getEncoded());
        assertEquals(List.of(rsa.getCertificate(), authority.getCertificate()), loaded.chain());
    }

    @ParameterizedTest(name = "{1} as {0}")
    @CsvSource({
        "PKCS8, ecp256",
        "PKCS8_AES, ecp256",
        "PKCS8_3DES, ecp256",
        "OPENSSL, ecp256",
        "OPENSSL_AES, ecp256",
        "OPENSSL_3DES, ecp256",
        "OPENSSL_PARAMETERS_TWICE, ecp256",
        "OPENSSL_PARAMETERS_BESIDE, ecp256",
        "PKCS8, ecp384",
        "OPENSSL, ecp384",
        "OPENSSL_PARAMETERS_BESIDE, ecp384",
        "PKCS8, ed25519",
    })
    void readsAnEllipticCurveKeyInEveryForm(KeyFile form, Algorithm algorithm) throws Exception {
        X509Bundle device = builder(algorithm, "CN=dev-1").buildIssuedBy(authority);
        Path key = form.write(directory, device.getKeyPair());
        ClientCertificate.Loaded loaded = form.with(chain(device), key).load();
        assertEquals(device.getCertificate(), loaded.leaf());
        assertEquals(
                algorithm == Algorithm.ed25519 ? "EdDSA" : "EC", loaded.key().getAlgorithm());
    }

    @ParameterizedTest
    @EnumSource
    void readsCertificateAndKeyFromOneFile(KeyFile form) throws Exception {
        Path both = file("both.pem", form.text(curve.getKeyPair()) + curve.getCertificatePEM());
        ClientCertificate certificate = form.with(both, both);
        assertEquals(List.of(both.toAbsolutePath()), certificate.files());
        assertEquals(curve.getCertificate(), certificate.load().leaf());
    }

    @Test
    void readsAgainWhatIsInTheFilesNow() throws Exception {
        Path key = KeyFile.PKCS8.write(directory, curve.getKeyPair());
        ClientCertificate certificate = ClientCertificate.pem(chain(curve), key);
        assertEquals(curve.getCertificate(), certificate.load().leaf());
        KeyFile.PKCS8.write(directory, rsa.getKeyPair());
        chain(rsa);
        assertEquals(rsa.getCertificate(), certificate.load().leaf());
    }

    @ParameterizedTest
    @CsvSource({"false, 1", "true, 2"})
    void saysWhichCertificateTheKeyBelongsTo(boolean inTheChain, int expected) throws Exception {
        Path key = KeyFile.PKCS8.write(directory, curve.getKeyPair());
        Path chain = inTheChain ? chain(authority, curve) : chain(authority);
        String message = refusal(ClientCertificate.pem(chain, key));
        assertTrue(
                message.contains(
                        expected == 1
                                ? "the private key does not belong to 'CN=Site CA'"
                                : "the private key belongs to certificate 2 of 2: put 'CN=dev-1' first"),
                message);
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "nothing.pem|key.pem|there is no file",
                "chain.pem|nothing.pem|there is no file",
                "empty.pem|key.pem|is no PEM: nothing in it begins with",
                "text.pem|key.pem|is no PEM: nothing in it begins with",
                "half.pem|key.pem|is no PEM, or damaged",
                "key.pem|key.pem|has no certificate in it, only PRIVATE KEY",
                "wrong.pem|key.pem|has a certificate in it that cannot be read",
                "chain.pem|chain.pem|has no private key in it, only CERTIFICATE",
                "chain.pem|two.pem|has more than one private key in it",
                "chain.pem|other.pem|of the form 'DSA PRIVATE KEY' in it, which TLS has no use for",
                "chain.pem|damaged.pem|has a damaged private key in it",
                "chain.pem|encrypted.pem|has an encrypted private key in it: give its password",
                "chain.pem|large.pem|is larger than 1048576 bytes",
            })
    void saysWhatIsWrongWithAFile(String chain, String key, String fragment) throws Exception {
        chain(curve);
        String good = KeyFile.PKCS8.text(curve.getKeyPair());
        file("key.pem", good);
        file("empty.pem", "");
        file("text.pem", "nothing to see");
        file("half.pem", good.substring(0, 90));
        file("wrong.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        file("two.pem", good + good);
        file("other.pem", "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n");
        file("damaged.pem", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        file("encrypted.pem", KeyFile.PKCS8_AES.text(curve.getKeyPair()));
        file("large.pem", good + "x".repeat(1 << 20));
        String message = refusal(ClientCertificate.pem(directory.resolve(chain), directory.resolve(key)));
        assertTrue(message.contains(fragment), message);
        assertTrue(message.contains(directory.toString()), message);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_ANY, names = ".*(AES|3DES)")
    void refusesAWrongPasswordWithoutRepeatingIt(KeyFile form) throws Exception {
        Path key = form.write(directory, rsa.getKeyPair());
        ClientCertificate wrong = ClientCertificate.pem(chain(rsa), key, "Q2FuYXJ5-wrong".toCharArray());
        String message = refusal(wrong);
        assertTrue(message.contains("this password does not open"), message);
        assertFalse(message.contains("Q2FuYXJ5"), message);
        assertFalse(wrong.toString().contains("Q2FuYXJ5"), wrong.toString());
        assertTrue(refusal(ClientCertificate.pem(chain(rsa), key)).contains("give its password"));
    }

    @Test
    void keepsAPasswordThatItsOwnerWipes() throws Exception {
        Path key = KeyFile.PKCS8_AES.write(directory, rsa.getKeyPair());
        char[] password = KeyFile.PASSWORD.clone();
        ClientCertificate certificate = ClientCertificate.pem(chain(rsa), key, password);
        java.util.Arrays.fill(password, '\0');
        assertDoesNotThrow(certificate::load);
    }

    @ParameterizedTest
    @CsvSource({
        "1, right, ''",
        "1, wrong, its password is another one",
        "0, right, no private key",
        "2, right, more than one"
    })
    void readsAKeyStore(int keys, String password, String fragment) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("ca", authority.getCertificate());
        for (int i = 0; i < keys; i++) {
            store.setKeyEntry(
                    "key-" + i, curve.getKeyPair().getPrivate(), "right".toCharArray(), new X509Certificate[] {
                        curve.getCertificate(), authority.getCertificate()
                    });
        }
        Path file = directory.resolve("device.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "right".toCharArray());
        }
        ClientCertificate certificate = ClientCertificate.pkcs12(file, password.toCharArray());
        if (fragment.isEmpty()) {
            assertEquals(
                    List.of(curve.getCertificate(), authority.getCertificate()),
                    certificate.load().chain());
        } else {
            String message = refusal(certificate);
            assertTrue(message.contains(fragment), message);
        }
    }

    @Test
    void takesObjectsOfThePlatform() throws Exception {
        ClientCertificate certificate = ClientCertificate.of(curve.getKeyPair().getPrivate(), curve.getCertificate());
        assertEquals(List.of(), certificate.files());
        assertEquals(curve.getKeyPair().getPrivate(), certificate.load().key());
        assertTrue(refusal(ClientCertificate.of(rsa.getKeyPair().getPrivate(), curve.getCertificate()))
                .contains("does not belong"));
        assertThrows(
                IllegalArgumentException.class,
                () -> ClientCertificate.of(curve.getKeyPair().getPrivate()));
    }

    @ParameterizedTest
    @CsvSource({"-10, -1, ended at", "1, 10, is valid only from", "-1, 1, ''"})
    void knowsWhenACertificateIsValid(int from, int to, String fragment) throws Exception {
        X509Bundle device = builder(Algorithm.ecp256, "CN=dev-1")
                .notBefore(now.plus(from, ChronoUnit.DAYS))
                .notAfter(now.plus(to, ChronoUnit.DAYS))
                .buildIssuedBy(authority);
        ClientCertificate.Loaded loaded = ClientCertificate.of(
                        device.getKeyPair().getPrivate(), device.getCertificate())
                .load();
        if (fragment.isEmpty()) {
            loaded.requireValid(now);
            return;
        }
        UpstreamException refused = assertThrows(UpstreamException.class, () -> loaded.requireValid(now));
        assertEquals(FailureKind.TLS_EXPIRED, refused.kind());
        assertTrue(refused.getMessage().contains("'CN=dev-1' " + fragment), refused.getMessage());
    }

    @Test
    void printsNoKeyAndNoPassword() throws Exception {
        Path key = KeyFile.PKCS8_AES.write(directory, rsa.getKeyPair());
        ClientCertificate certificate = ClientCertificate.pem(chain(rsa), key, KeyFile.PASSWORD);
        for (Object printed : List.of(certificate, certificate.load())) {
            assertFalse(printed.toString().contains(new String(KeyFile.PASSWORD)), printed.toString());
            assertTrue(printed.toString().length() < 300, printed.toString());
        }
        assertTrue(Files.readString(key, StandardCharsets.US_ASCII).contains("BEGIN ENCRYPTED PRIVATE KEY"));
    }

    private static String refusal(ClientCertificate certificate) {
        UpstreamException refused = assertThrows(UpstreamException.class, certificate::load);
        assertEquals(FailureKind.CONFIGURATION, refused.kind());
        assertEquals("certificate", refused.stage());
        return String.valueOf(refused.getMessage());
    }
}
