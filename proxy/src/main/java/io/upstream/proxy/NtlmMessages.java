// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The client's two messages of NTLM, as bytes (MS-NLMP sections 2.2.1.1 and 2.2.1.3). */
final class NtlmMessages {
    /** Where the code over all messages stands in the last one. */
    static final int MIC_AT = 72;

    /** Windows 10.0.19041, revision 15: what a version must be of matters to nobody, but some want one. */
    private static final byte[] VERSION = {10, 0, 0x61, 0x4A, 0, 0, 0, 15};

    private static final byte[] SIGNATURE = "NTLMSSP\0".getBytes(StandardCharsets.US_ASCII);
    private static final int NEGOTIATE_BYTES = 40;
    private static final int AUTHENTICATE_HEAD = 72;

    /** The same for everyone: the name of this machine is nobody's business. */
    private static final byte[] WORKSTATION = NtlmKeys.utf16("WORKSTATION");

    private NtlmMessages() {}

    /** The first message: what we can do, and nothing about us. */
    static byte[] negotiate() {
        byte[] message = new byte[NEGOTIATE_BYTES];
        ByteBuffer out = begin(message, 1).putInt(NtlmFlags.OURS);
        field(out, 0, NEGOTIATE_BYTES);
        field(out, 0, NEGOTIATE_BYTES);
        out.put(VERSION);
        return message;
    }

    /** The last message, with zeros where the code over all messages has to be if there is one. */
    static byte[] authenticate(int flags, NtlmAccount account, byte[] lmResponse, byte[] ntResponse, boolean withMic) {
        byte[] domain = NtlmKeys.utf16(account.domain());
        byte[] user = NtlmKeys.utf16(account.user());
        int domainAt = withMic ? MIC_AT + NtlmKeys.MIC_BYTES : AUTHENTICATE_HEAD;
        int userAt = domainAt + domain.length;
        int workstationAt = userAt + user.length;
        int lmAt = workstationAt + WORKSTATION.length;
        int ntAt = lmAt + lmResponse.length;
        int end = ntAt + ntResponse.length;
        byte[] message = new byte[end];
        ByteBuffer out = begin(message, 3);
        field(out, lmResponse.length, lmAt);
        field(out, ntResponse.length, ntAt);
        field(out, domain.length, domainAt);
        field(out, user.length, userAt);
        field(out, WORKSTATION.length, workstationAt);
        field(out, 0, end);
        out.putInt(flags).put(VERSION);
        out.position(domainAt)
                .put(domain)
                .put(user)
                .put(WORKSTATION)
                .put(lmResponse)
                .put(ntResponse);
        return message;
    }

    private static ByteBuffer begin(byte[] message, int type) {
        return ByteBuffer.wrap(message)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(SIGNATURE)
                .putInt(type);
    }

    private static void field(ByteBuffer out, int length, int offset) {
        out.putShort((short) length).putShort((short) length).putInt(offset);
    }
}
