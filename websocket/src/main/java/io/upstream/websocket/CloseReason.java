// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.upstream.FailureKind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The payload of a close frame (RFC 6455 §5.5.1, §7.4).
 *
 * @param code {@link #NO_STATUS} when the frame was empty
 * @param text for people; comes from the peer, not yet fit for a log
 */
record CloseReason(int code, String text) {
    static final int NORMAL = 1000;
    static final int GOING_AWAY = 1001;
    static final int PROTOCOL_ERROR = 1002;
    static final int UNSUPPORTED_DATA = 1003;
    static final int NO_STATUS = 1005;
    static final int INVALID_DATA = 1007;
    static final int POLICY_VIOLATION = 1008;
    static final int TOO_BIG = 1009;
    static final int EXTENSION_MISSING = 1010;
    static final int INTERNAL_ERROR = 1011;
    static final int SERVICE_RESTART = 1012;
    static final int TRY_AGAIN_LATER = 1013;
    static final int BAD_GATEWAY = 1014;

    static CloseReason parse(byte[] payload) throws FrameViolation {
        if (payload.length == 0) {
            return new CloseReason(NO_STATUS, "");
        }
        if (payload.length == 1) {
            throw new FrameViolation(PROTOCOL_ERROR, "a close frame with half a code");
        }
        ByteBuffer bytes = ByteBuffer.wrap(payload);
        int code = Short.toUnsignedInt(bytes.getShort());
        if (!mayBeSent(code)) {
            throw new FrameViolation(PROTOCOL_ERROR, "a close frame with code " + code + ", which must not be sent");
        }
        try {
            return new CloseReason(
                    code, StandardCharsets.UTF_8.newDecoder().decode(bytes).toString());
        } catch (CharacterCodingException e) {
            throw new FrameViolation(INVALID_DATA, "a close frame whose reason is not UTF-8");
        }
    }

    /** The codes of RFC 6455 §7.4 and those registered since; 1004, 1005, 1006 and 1015 never travel. */
    private static boolean mayBeSent(int code) {
        return (code >= NORMAL && code <= UNSUPPORTED_DATA)
                || (code >= INVALID_DATA && code <= BAD_GATEWAY)
                || (code >= 3000 && code <= 4999);
    }

    /** What it means for the session: only what the server blames on us is not worth another try. */
    FailureKind kind() {
        return switch (code) {
            case PROTOCOL_ERROR, UNSUPPORTED_DATA, INVALID_DATA, TOO_BIG, EXTENSION_MISSING -> FailureKind.PROTOCOL;
            case INTERNAL_ERROR, SERVICE_RESTART, BAD_GATEWAY -> FailureKind.SERVER_ERROR;
            case TRY_AGAIN_LATER -> FailureKind.THROTTLED;
            default -> FailureKind.CLOSED_BY_PEER;
        };
    }

    /** What the reader of an error can do about it. */
    String advice() {
        return switch (kind()) {
            case PROTOCOL -> "check that the path belongs to a messaging service, and what lies between";
            case SERVER_ERROR, THROTTLED -> "try again later";
            default ->
                code == GOING_AWAY
                        ? "open the session again"
                        : "look for a second connection with the same identity, a token that ended, or a device that was disabled";
        };
    }

    /** {@code code 1001 (going away)}. */
    String describe() {
        return switch (code) {
            case NO_STATUS -> "no code";
            case NORMAL -> "code 1000 (normal)";
            case GOING_AWAY -> "code 1001 (going away)";
            case PROTOCOL_ERROR -> "code 1002 (protocol error)";
            case UNSUPPORTED_DATA -> "code 1003 (data of a kind that it does not take)";
            case INVALID_DATA -> "code 1007 (data that is not valid)";
            case POLICY_VIOLATION -> "code 1008 (against its policy)";
            case TOO_BIG -> "code 1009 (message too big)";
            case EXTENSION_MISSING -> "code 1010 (extension missing)";
            case INTERNAL_ERROR -> "code 1011 (internal error)";
            case SERVICE_RESTART -> "code 1012 (restart)";
            case TRY_AGAIN_LATER -> "code 1013 (try again later)";
            case BAD_GATEWAY -> "code 1014 (bad gateway)";
            default -> "code " + code;
        };
    }

    /** The payload that says {@code code} and nothing else; empty for {@link #NO_STATUS}. */
    static byte[] payload(int code) {
        return code == NO_STATUS ? new byte[0] : new byte[] {(byte) (code >>> 8), (byte) code};
    }
}
