// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.crypto.digests.MD4Digest;

/**
 * The arithmetic of NTLMv2 (MS-NLMP section 3.3.2): one key, made of user name and password, and what is signed with it. Throws {@link
 * GeneralSecurityException} where the Java runtime allows no MD5. {@link #close} wipes the key.
 */
final class NtlmKeys implements AutoCloseable {
    static final int MIC_BYTES = 16;

    private static final String HMAC_MD5 = "HmacMD5";

    private final byte[] responseKey;

    NtlmKeys(NtlmAccount account, String password) throws GeneralSecurityException {
        byte[] hash = passwordHash(password);
        try {
            responseKey = hmac(hash, utf16(account.identity()));
        } finally {
            Arrays.fill(hash, (byte) 0);
        }
    }

    /** NTOWFv1: MD4, which no standard provider of Java has. */
    static byte[] passwordHash(String password) {
        byte[] plain = utf16(password);
        MD4Digest md4 = new MD4Digest();
        md4.update(plain, 0, plain.length);
        Arrays.fill(plain, (byte) 0);
        byte[] hash = new byte[md4.getDigestSize()];
        md4.doFinal(hash, 0);
        return hash;
    }

    /** NTOWFv2. */
    byte[] responseKey() {
        return responseKey.clone();
    }

    /** What stands behind the proof in the NT response, and is proven by it. */
    static byte[] clientBlob(long timestamp, byte[] clientNonce, byte[] targetInfo) {
        return ByteBuffer.allocate(28 + targetInfo.length + 4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 1)
                .put((byte) 1)
                .putShort((short) 0)
                .putInt(0)
                .putLong(timestamp)
                .put(clientNonce)
                .putInt(0)
                .put(targetInfo)
                .putInt(0)
                .array();
    }

    /** NTProofStr. */
    byte[] proof(byte[] serverNonce, byte[] clientBlob) throws GeneralSecurityException {
        return hmac(responseKey, serverNonce, clientBlob);
    }

    /** The LM response, for servers that do not state the time. */
    byte[] lmResponse(byte[] serverNonce, byte[] clientNonce) throws GeneralSecurityException {
        byte[] signed = hmac(responseKey, serverNonce, clientNonce);
        return ByteBuffer.allocate(signed.length + clientNonce.length)
                .put(signed)
                .put(clientNonce)
                .array();
    }

    /** SessionBaseKey. */
    byte[] sessionKey(byte[] proof) throws GeneralSecurityException {
        return hmac(responseKey, proof);
    }

    /** The code over all three messages, the last with zeros in its place. */
    byte[] mic(byte[] proof, byte[]... messages) throws GeneralSecurityException {
        byte[] key = sessionKey(proof);
        try {
            return hmac(key, messages);
        } finally {
            Arrays.fill(key, (byte) 0);
        }
    }

    static byte[] utf16(String text) {
        return text.getBytes(StandardCharsets.UTF_16LE);
    }

    private static byte[] hmac(byte[] key, byte[]... parts) throws GeneralSecurityException {
        Mac mac = Mac.getInstance(HMAC_MD5);
        mac.init(new SecretKeySpec(key, HMAC_MD5));
        for (byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    @Override
    public void close() {
        Arrays.fill(responseKey, (byte) 0);
    }
}
