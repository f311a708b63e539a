// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.time.Instant;

/** Makes the last message of NTLM: NTLMv2 only, bound to the proxy's name, and to the messages before it where the server states the time. */
final class NtlmResponse {
    private static final long SECONDS_FROM_1601_TO_1970 = 11_644_473_600L;
    private static final long TICKS_PER_SECOND = 10_000_000;
    private static final int NANOS_PER_TICK = 100;
    private static final int LM_BYTES = 24;

    private final NtlmAccount account;
    private final String password;
    private final String servicePrincipal;

    /** @param servicePrincipal of the proxy, {@code HTTP/host} */
    NtlmResponse(NtlmAccount account, String password, String servicePrincipal) {
        this.account = account;
        this.password = password;
        this.servicePrincipal = servicePrincipal;
    }

    /**
     * Answers {@code challenge}, which came upon {@code negotiate}.
     *
     * @throws GeneralSecurityException if the Java runtime has no MD5
     */
    byte[] to(NtlmChallenge challenge, byte[] negotiate, byte[] clientNonce, Instant now)
            throws GeneralSecurityException {
        boolean withMic = challenge.targetInfo().timestamp().isPresent();
        long timestamp = challenge.targetInfo().timestamp().orElseGet(() -> ticks(now));
        int flags = challenge.flags() & (NtlmFlags.OURS | NtlmFlags.TARGET_INFO);
        byte[] blob = NtlmKeys.clientBlob(timestamp, clientNonce, targetInfo(challenge, withMic));
        try (NtlmKeys keys = new NtlmKeys(account, password)) {
            byte[] proof = keys.proof(challenge.nonce(), blob);
            byte[] ntResponse = ByteBuffer.allocate(proof.length + blob.length)
                    .put(proof)
                    .put(blob)
                    .array();
            byte[] lmResponse = withMic ? new byte[LM_BYTES] : keys.lmResponse(challenge.nonce(), clientNonce);
            byte[] message = NtlmMessages.authenticate(flags, account, lmResponse, ntResponse, withMic);
            if (withMic) {
                byte[] mic = keys.mic(proof, negotiate, challenge.message(), message);
                System.arraycopy(mic, 0, message, NtlmMessages.MIC_AT, mic.length);
            }
            return message;
        }
    }

    /** A server that does not describe itself knows no attributes. */
    private byte[] targetInfo(NtlmChallenge challenge, boolean withMic) {
        AvPairs pairs = challenge.targetInfo();
        if (!challenge.has(NtlmFlags.TARGET_INFO)) {
            return pairs.bytes();
        }
        if (withMic) {
            byte[] flags = ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(pairs.flags() | AvPairs.HAS_MIC)
                    .array();
            pairs = pairs.with(AvPairs.FLAGS, flags);
        }
        return pairs.with(AvPairs.CHANNEL_BINDINGS, new byte[16])
                .with(AvPairs.TARGET_NAME, NtlmKeys.utf16(servicePrincipal))
                .bytes();
    }

    private static long ticks(Instant time) {
        return (time.getEpochSecond() + SECONDS_FROM_1601_TO_1970) * TICKS_PER_SECOND + time.getNano() / NANOS_PER_TICK;
    }
}
