// SPDX-License-Identifier: Apache-2.0
package io.upstream.pem;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.testing.Mutants;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.Stream;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is in a file that should be PEM: certificates and a key that read the same again, or an exception that shows nothing of it. */
class PemFileFuzzTest {
    private static final Path NAME = Path.of("device.pem");
    private static final char[] PASSWORD = "password".toCharArray();

    static Stream<byte[]> seeds() throws Exception {
        X509Bundle curve = bundle(Algorithm.ecp256);
        X509Bundle rsa = bundle(Algorithm.rsa2048);
        return Stream.of(
                        curve.getPrivateKeyPEM() + curve.getCertificatePEM(),
                        rsa.getCertificatePEM() + rsa.getPrivateKeyPEM(),
                        bare("EC PRIVATE KEY", "", curve),
                        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                                + bare("EC PRIVATE KEY", "", curve),
                        bare("RSA PRIVATE KEY", "", rsa),
                        bare("RSA PRIVATE KEY", encryption("AES-128-CBC", 16), rsa),
                        bare("EC PRIVATE KEY", encryption("DES-EDE3-CBC", 8), curve))
                .map(text -> text.getBytes(ISO_8859_1));
    }

    private static X509Bundle bundle(Algorithm algorithm) throws Exception {
        return new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=dev-1")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    /** What is within PKCS #8. */
    private static String bare(String type, String headers, X509Bundle bundle) throws Exception {
        byte[] der = PrivateKeyInfo.getInstance(bundle.getKeyPair().getPrivate().getEncoded())
                .parsePrivateKey()
                .toASN1Primitive()
                .getEncoded();
        return "-----BEGIN " + type + "-----\n" + headers
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + type + "-----\n";
    }

    private static String encryption(String cipher, int startBytes) {
        return "Proc-Type: 4,ENCRYPTED\nDEK-Info: " + cipher + "," + "0A".repeat(startBytes) + "\n\n";
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAnyTextOrRefusesItWithoutShowingIt(byte[] input) {
        assertEquals(read(input), read(input));
    }

    private static String read(byte[] input) {
        try {
            PemFile file = PemFile.of(NAME, input);
            return certificates(file) + " " + key(file);
        } catch (IOException e) {
            return refusal(e);
        }
    }

    private static String certificates(PemFile file) {
        try {
            return String.valueOf(file.certificates().hashCode());
        } catch (IOException e) {
            return refusal(e);
        }
    }

    private static String key(PemFile file) {
        try {
            return String.valueOf(Arrays.hashCode(file.privateKey(PASSWORD).getEncoded()));
        } catch (IOException e) {
            return refusal(e);
        }
    }

    private static String refusal(IOException e) {
        String message = String.valueOf(e.getMessage());
        assertTrue(message.startsWith(NAME + " "), message);
        assertTrue(message.length() < 300, message);
        assertFalse(message.matches(".*[A-Za-z0-9+/]{40}.*"), message);
        return message;
    }

    @Test
    void readsMutantsOfFiles() throws Exception {
        Mutants.feed(seeds(), 3_000, this::readsAnyTextOrRefusesItWithoutShowingIt);
    }
}
