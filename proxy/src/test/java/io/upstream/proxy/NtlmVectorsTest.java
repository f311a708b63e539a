// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.digests.MD4Digest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The values of MS-NLMP section 4.2.4, and one whole exchange over HTTP. */
class NtlmVectorsTest {
    private static final String TYPE2 =
            "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f"
                    + "53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000";
    private static final String TYPE3 =
            "4e544c4d5353500003000000180018006c00000054005400840000000c000c00480000000800080054000000100010005c000000"
                    + "10001000d8000000358288e20501280a0000000f44006f006d00610069006e00550073006500720043004f004d00500055005400"
                    + "4500520086c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927bebef6a1c0101000000000000"
                    + "0000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00530065007200760065007200"
                    + "0000000000000000c5dad2544fc9799094ce1ce90bc9d03e";
    private static final byte[] CLIENT_NONCE = hex("aaaaaaaaaaaaaaaa");
    private static final NtlmAccount ACCOUNT = new NtlmAccount("Domain", "User");

    private static final String HTTP_TYPE1 = "TlRMTVNTUAABAAAABYIIogAAAAAoAAAAAAAAACgAAAAKAGFKAAAADw==";
    private static final String HTTP_TYPE2 =
            "TlRMTVNTUAACAAAADAAMADgAAAAFgomiASNFZ4mrze8AAAAAAAAAAG4AbgBEAAAACgBhSgAAAA9EAE8ATQBBAEkATgACAAwARABPAE0A"
                    + "QQBJAE4AAQAMAFMARQBSAFYARQBSAAQAFABkAG8AbQBhAGkAbgAuAGMAbwBtAAMAIgBzAGUAcgB2AGUAcgAuAGQAbwBtAGEAaQBuAC4A"
                    + "YwBvAG0ABwAIAACQ0za3NMMBAAAAAA==";
    private static final String HTTP_TYPE3 =
            "TlRMTVNTUAADAAAAGAAYAIIAAADsAOwAmgAAAAwADABYAAAACAAIAGQAAAAWABYAbAAAAAAAAACGAQAABYKIogoAYUoAAAAP//qcCNZK"
                    + "A9XmtDNc2S+G+kQATwBNAEEASQBOAHUAcwBlAHIAVwBPAFIASwBTAFQAQQBUAEkATwBOAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOs5"
                    + "cJ/RPqp5Rqm8MCxlNloBAQAAAAAAAACQ0za3NMMBqqqqqqqqqqoAAAAAAgAMAEQATwBNAEEASQBOAAEADABTAEUAUgBWAEUAUgAEABQA"
                    + "ZABvAG0AYQBpAG4ALgBjAG8AbQADACIAcwBlAHIAdgBlAHIALgBkAG8AbQBhAGkAbgAuAGMAbwBtAAcACAAAkNM2tzTDAQYABAACAAAA"
                    + "CgAQAAAAAAAAAAAAAAAAAAAAAAAJAC4ASABUAFQAUAAvAHAAcgBvAHgAeQAuAGMAbwByAHAALgBlAHgAYQBtAHAAbABlAAAAAAAAAAAA";

    @ParameterizedTest
    @CsvSource({"'',31d6cfe0d16ae931b73c59d7e0c089c0", "abc,a448017aaf21d8525fc10ae87aa6729d"})
    void hashesWithMd4(String text, String expected) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        MD4Digest md4 = new MD4Digest();
        md4.update(bytes, 0, bytes.length);
        byte[] hash = new byte[16];
        md4.doFinal(hash, 0);
        assertEquals(expected, hex(hash));
    }

    @ParameterizedTest
    @CsvSource({"Password,a4f49c406510bdcab6824ee7c30fd852", "SecREt01,cd06ca7c7e10c99b1d33b7485a2ed808"})
    void hashesPasswords(String password, String expected) {
        assertEquals(expected, hex(NtlmKeys.passwordHash(password)));
    }

    @ParameterizedTest
    @CsvSource({
        "Domain,User,Password,0c868a403bfd7a93a3001ef22ef02e3f",
        "DOMAIN,user,SecREt01,04b8e0ba74289cc540826bab1dee63ae"
    })
    void makesTheKeyOfAnAccount(String domain, String user, String password, String expected) throws Exception {
        try (NtlmKeys keys = new NtlmKeys(new NtlmAccount(domain, user), password)) {
            assertEquals(expected, hex(keys.responseKey()));
        }
    }

    @Test
    void agreesWithMicrosoftsExample() throws Exception {
        NtlmChallenge challenge = NtlmChallenge.read(Base64.getEncoder().encodeToString(hex(TYPE2)));
        assertEquals("0123456789abcdef", hex(challenge.nonce()));
        byte[] targetInfo = challenge.targetInfo().bytes();
        assertEquals("02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000", hex(targetInfo));
        byte[] blob = NtlmKeys.clientBlob(0, CLIENT_NONCE, targetInfo);
        assertEquals(
                "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
                        + "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000",
                hex(blob));
        try (NtlmKeys keys = new NtlmKeys(ACCOUNT, "Password")) {
            byte[] proof = keys.proof(challenge.nonce(), blob);
            assertEquals("68cd0ab851e51c96aabc927bebef6a1c", hex(proof));
            byte[] lm = keys.lmResponse(challenge.nonce(), CLIENT_NONCE);
            assertEquals("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa", hex(lm));
            byte[] sessionKey = keys.sessionKey(proof);
            assertEquals("8de40ccadbc14a82f15cb0ad0de95ca3", hex(sessionKey));
            assertTrue(TYPE3.contains(hex(lm) + hex(proof) + hex(blob)));
            assertTrue(TYPE3.endsWith(hex(encrypted(sessionKey))));
        }
    }

    /** The random key of the example, as it is exchanged: what HTTP has no use for. */
    private static byte[] encrypted(byte[] sessionKey) throws Exception {
        byte[] random = new byte[16];
        Arrays.fill(random, (byte) 0x55);
        Cipher rc4 = Cipher.getInstance("RC4");
        rc4.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(sessionKey, "RC4"));
        byte[] encrypted = rc4.doFinal(random);
        assertEquals("c5dad2544fc9799094ce1ce90bc9d03e", hex(encrypted));
        return encrypted;
    }

    /** Without a session key and with our own flags, workstation and version, the rest being equal. */
    @Test
    void laysOutTheLastMessageAsMicrosoftsExample() {
        byte[] expected = hex(TYPE3);
        byte[] lm = Arrays.copyOfRange(expected, 0x6c, 0x84);
        byte[] nt = Arrays.copyOfRange(expected, 0x84, 0xd8);
        byte[] made = NtlmMessages.authenticate(0xe2888235, ACCOUNT, lm, nt, false);
        assertEquals(0x48, made[0x20]);
        assertArrayEquals(Arrays.copyOfRange(expected, 0x1c, 0x2c), Arrays.copyOfRange(made, 0x1c, 0x2c));
        assertArrayEquals(Arrays.copyOfRange(expected, 0x3c, 0x40), Arrays.copyOfRange(made, 0x3c, 0x40));
        assertArrayEquals(Arrays.copyOfRange(expected, 0x48, 0x5c), Arrays.copyOfRange(made, 0x48, 0x5c));
        assertArrayEquals(
                Arrays.copyOfRange(expected, 0x6c, 0xd8), Arrays.copyOfRange(made, made.length - 108, made.length));
    }

    @Test
    void speaksOneWholeExchange() throws Exception {
        Conversation conversation = new NtlmScheme(CLIENT_NONCE::clone, Clock.systemUTC())
                .begin(Asking.tunnel(), new UserPassword("DOMAIN\\user", "SecREt01"));
        assertEquals("NTLM " + HTTP_TYPE1, Asking.answer(conversation, "NTLM"));
        assertTrue(conversation.isBound());
        String last = Asking.answer(conversation, "NTLM " + HTTP_TYPE2);
        assertEquals("NTLM " + HTTP_TYPE3, last);
        assertEquals(390, Base64.getDecoder().decode(HTTP_TYPE3).length);
    }

    @Test
    void provesAndSignsThatExchange() throws Exception {
        NtlmChallenge challenge = NtlmChallenge.read(HTTP_TYPE2);
        byte[] type3 = Base64.getDecoder().decode(HTTP_TYPE3);
        byte[] blob = Arrays.copyOfRange(type3, 0x9a + 16, type3.length);
        try (NtlmKeys keys = new NtlmKeys(new NtlmAccount("DOMAIN", "user"), "SecREt01")) {
            byte[] proof = keys.proof(challenge.nonce(), blob);
            assertEquals("eb39709fd13eaa7946a9bc302c65365a", hex(proof));
            assertEquals("a3411e5e8c3343bff053a85680d4bf86", hex(keys.sessionKey(proof)));
            Arrays.fill(type3, 72, 88, (byte) 0);
            byte[] mic = keys.mic(proof, Base64.getDecoder().decode(HTTP_TYPE1), challenge.message(), type3);
            assertEquals("fffa9c08d64a03d5e6b4335cd92f86fa", hex(mic));
        }
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
