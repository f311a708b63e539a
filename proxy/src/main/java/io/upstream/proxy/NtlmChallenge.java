// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * The server's message of NTLM, the second of three (MS-NLMP section 2.2.1.2). The name of the target is not read: nothing depends on it,
 * and some servers place it outside of the message.
 */
final class NtlmChallenge {
    static final int MAX_BYTES = 8 << 10;

    private static final byte[] SIGNATURE = "NTLMSSP\0".getBytes(StandardCharsets.US_ASCII);
    private static final int TYPE = 2;
    private static final int SHORTEST = 32;
    private static final int WITH_TARGET_INFO = 48;
    private static final int FLAGS_AT = 20;
    private static final int CHALLENGE_AT = 24;
    private static final int TARGET_INFO_AT = 40;

    private final byte[] message;
    private final int flags;
    private final AvPairs targetInfo;

    private NtlmChallenge(byte[] message, int flags, AvPairs targetInfo) {
        this.message = message;
        this.flags = flags;
        this.targetInfo = targetInfo;
    }

    /** @throws IllegalArgumentException if it is no such message, with a reason that does not repeat it */
    static NtlmChallenge read(String token) {
        if (token.length() > MAX_BYTES / 3 * 4 + 4) {
            throw new IllegalArgumentException("it is too long");
        }
        return read(decoded(token));
    }

    private static byte[] decoded(String token) {
        try {
            return Base64.getDecoder().decode(token);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("it is not base64"); // the cause would repeat a part of it
        }
    }

    private static NtlmChallenge read(byte[] message) {
        if (message.length < SHORTEST || !Arrays.equals(message, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
            throw new IllegalArgumentException("it is no message of NTLM");
        }
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        if (in.getInt(SIGNATURE.length) != TYPE) {
            throw new IllegalArgumentException("it is a message of NTLM, but no challenge");
        }
        int flags = in.getInt(FLAGS_AT);
        boolean described = (flags & NtlmFlags.TARGET_INFO) != 0;
        return new NtlmChallenge(message, flags, described ? AvPairs.read(targetInfo(in)) : AvPairs.NONE);
    }

    private static byte[] targetInfo(ByteBuffer in) {
        int total = in.capacity();
        if (total < WITH_TARGET_INFO) {
            throw new IllegalArgumentException("it is too short");
        }
        int length = in.getShort(TARGET_INFO_AT) & 0xFFFF;
        long offset = in.getInt(TARGET_INFO_AT + 4) & 0xFFFF_FFFFL;
        if (offset < WITH_TARGET_INFO || offset + length > total) {
            throw new IllegalArgumentException("the attributes of the target lie outside of it");
        }
        byte[] info = new byte[length];
        in.get((int) offset, info);
        return info;
    }

    /** As it came: the code over all messages covers it. */
    byte[] message() {
        return message;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int flags() {
        return flags;
    }

    byte[] nonce() {
        return Arrays.copyOfRange(message, CHALLENGE_AT, CHALLENGE_AT + Long.BYTES);
    }

    /** Empty if the server does not describe itself. */
    AvPairs targetInfo() {
        return targetInfo;
    }
}
