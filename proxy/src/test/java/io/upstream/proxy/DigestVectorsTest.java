// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of Digest that others computed. */
class DigestVectorsTest {
    private static final UserPassword USER = new UserPassword("user", "pa:ss word");
    private static final String NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    private static final String CLIENT_NONCE = "0a4f113b0a4f113b";
    private static final String HUB = "hub.azure-devices.net:443";

    @ParameterizedTest(name = "{0}, qop {1}, {2}")
    @CsvSource({
        "MD5,auth,hub.azure-devices.net:443,a31051789d10dfdf74ebee79c6fbcc15",
        "MD5,auth-int,hub.azure-devices.net:443,39d948ed1285c580fab6de999c0e9a46",
        "MD5,'',hub.azure-devices.net:443,fd15c420c91d3588a8d605b48af2ee7e",
        "MD5-sess,auth,hub.azure-devices.net:443,bc8efda77b8c3f4ccfb9008c585b9517",
        "MD5-sess,auth-int,hub.azure-devices.net:443,457f5c8ed03097a2ce2738f61090776a",
        "SHA-256,auth,hub.azure-devices.net:443,41465b7ccb2bbcb0678c93f42270e0e5608610519e046e640664d4ce3eb70669",
        "SHA-256,auth-int,hub.azure-devices.net:443,2ff796472956ce2e02c59fa7f0fe54c5875654c640e81277c9c03896419b3041",
        "SHA-256,'',hub.azure-devices.net:443,b528edc6d265f65907463a1468aa72fc29d38aca3c6247c675527c84bcc95dd8",
        "SHA-256-sess,auth,hub.azure-devices.net:443,58d09d769be246dc137097c69a47882f3f0469af864f242fa55f6a6144abacc2",
        "SHA-256-sess,auth-int,hub.azure-devices.net:443,a8af58a7dc07e78ddcad53684448c174ace396140dfb66d39d6f38ce1e8a85a7",
        "SHA-512-256,auth,hub.azure-devices.net:443,817f1b48e3932600e6218a4712b227aaf815aae2bb71bdac8f2d9481b8d84333",
        "SHA-512-256,auth-int,hub.azure-devices.net:443,f3e155d71ff6e7575e1522057a36351d02f654e222b3cc710e0fc536f0c2cdd5",
        "SHA-512-256-sess,auth,hub.azure-devices.net:443,1eca9f6686e3608b7fb74181dde3e68504f13c49456f2202b26f0b0d8e1a2ab7",
        "MD5,auth,[2001:db8::1]:8883,910b1045107b584656a15cd2f667398a"
    })
    void respondsToConnect(String algorithm, String qop, String authority, String expected) throws Exception {
        String line = "Digest realm=\"corp-proxy\", nonce=\"" + NONCE + "\", algorithm=" + algorithm
                + (qop.isEmpty() ? "" : ", qop=\"" + qop + "\"");
        String field = Asking.answer(
                new DigestScheme(new DigestMemory(), () -> CLIENT_NONCE, MessageDigest::getInstance)
                        .begin(Asking.tunnelTo(authority), USER),
                line);
        assertTrue(field.contains(", response=\"" + expected + '"'), field);
        assertTrue(field.contains(", uri=\"" + authority + '"'), field);
        assertEquals(!qop.isEmpty(), field.contains(", qop=" + qop + ", nc=00000001, cnonce=\"" + CLIENT_NONCE + '"'));
    }

    @ParameterizedTest(name = "{0}, qop {1}")
    @CsvSource({
        "MD5,auth,2573a4be4a2fe6e1f7fc43ed8e95e5b9",
        "SHA-256,auth,f0ada04cbe85ecb6544a525ceffaae984285b7fc1315cc573fed5e63fad999e6"
    })
    void knowsWhatTheProxyMustProve(String algorithm, String qop, String expected) throws Exception {
        assertEquals(expected, text(connect(algorithm, qop).expectedOfTheProxy()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "MD5,9ef7f5cfa98ae9517a5e2339e30d8bf9",
        "SHA-256,9e254c1b567d244a83d7ed9fd107736da27dd30fac6a1ed48792538819c59328"
    })
    void hashesTheUserName(String algorithm, String expected) throws Exception {
        assertEquals(expected, text(connect(algorithm, "auth").userHash()));
    }

    @ParameterizedTest(name = "{0} of {1}")
    @CsvSource({
        "MD5,user:corp-proxy:pa:ss word,c76cbd526107e3247e6f78ff89619401",
        "SHA-256,user:corp-proxy:pa:ss word,0c06717f11ab38e31ebaec97292ebdd98a4457f78821ac59da14fabc4c49ef94",
        "MD5,CONNECT:hub.azure-devices.net:443,338f477781131b6b479c83366ba413e7",
        "SHA-512/256,abc,53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"
    })
    void hashesFields(String algorithm, String text, String expected) throws Exception {
        DigestHash hash = new DigestHash(MessageDigest.getInstance(algorithm));
        byte[][] fields = java.util.Arrays.stream(text.split(":", -1))
                .map(DigestHash::wire)
                .toArray(byte[][]::new);
        assertEquals(expected, text(hash.of(fields)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "MD5,8ca523f5e9506fed4657c9700eebdbec",
        "SHA-256,753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    })
    void agreesWithRfc7616(String algorithm, String expected) throws Exception {
        String line = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=" + algorithm
                + ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"";
        DigestAnswer answer = get(
                line,
                "/dir/index.html",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                new UserPassword("Mufasa", "Circle of Life"));
        assertEquals(expected, text(answer.response()));
    }

    @Test
    void agreesWithRfc2617() throws Exception {
        DigestAnswer answer = get(
                "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", nonce=\"" + NONCE + '"',
                "/dir/index.html",
                "0a4f113b",
                new UserPassword("Mufasa", "Circle Of Life"));
        assertEquals("6629fae49393a05397450978507c4ef1", text(answer.response()));
    }

    /** The value of curl's own tests: the example of RFC 7616 was made with another function. */
    @Test
    void agreesWithCurlOnSha512Cut() throws Exception {
        DigestAnswer answer = get(
                "Digest realm=\"testrealm\", nonce=\"1053604145\", algorithm=SHA-512-256",
                "/2062",
                "",
                new UserPassword("testuser", "testpass"));
        assertEquals("9d3256ee6526ec40dd48743bb48e51ee9baba587c78f15c3a86166242150af98", text(answer.response()));
    }

    private static DigestAnswer connect(String algorithm, String qop) throws Exception {
        String line =
                "Digest realm=\"corp-proxy\", nonce=\"" + NONCE + "\", algorithm=" + algorithm + ", qop=\"" + qop + '"';
        return answer(line, "CONNECT", HUB, CLIENT_NONCE, USER);
    }

    private static DigestAnswer get(String line, String uri, String clientNonce, UserPassword user) throws Exception {
        return answer(line, "GET", uri, clientNonce, user);
    }

    private static DigestAnswer answer(String line, String method, String uri, String clientNonce, UserPassword user)
            throws Exception {
        DigestChallenge challenge = DigestChallenge.of(Asking.challenge(line)).orElseThrow();
        MessageDigest hash = MessageDigest.getInstance(challenge.algorithm().jcaName());
        return new DigestAnswer(
                challenge, new DigestHash(hash), method, uri, new DigestMemory.Turn(1, clientNonce), user);
    }

    private static String text(byte[] hex) {
        return new String(hex, StandardCharsets.US_ASCII);
    }
}
