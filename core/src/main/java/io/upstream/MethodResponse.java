// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The answer to a direct method: a status of the application's own choice and JSON, at most 128 KiB. Known at once, or later
 * ({@link #when}), so that long work does not hold up other calls.
 *
 * <p><b>Buffers:</b> borrows the payload until it is written; whoever passed it does not change it any more.
 */
public final class MethodResponse {
    /** The hub's limit for a payload. */
    public static final int MAX_PAYLOAD_BYTES = 128 * 1024;

    private final CompletionStage<Known> known;

    private MethodResponse(CompletionStage<Known> known) {
        this.known = known;
    }

    /** What is written. */
    public record Known(int status, ByteBuffer payload) {
        /** A fresh read-only view, position 0. */
        @Override
        public ByteBuffer payload() {
            return payload.asReadOnlyBuffer();
        }
    }

    /** Status 200. */
    public static MethodResponse ok(ByteBuffer json) {
        return of(200, json);
    }

    /** Status 200. */
    public static MethodResponse ok(String json) {
        return of(200, json);
    }

    /** Status 200, and no payload. */
    public static MethodResponse ok() {
        return of(200);
    }

    /** Without a payload. */
    public static MethodResponse of(int status) {
        return of(status, ByteBuffer.allocate(0));
    }

    public static MethodResponse of(int status, String json) {
        return of(status, ByteBuffer.wrap(json.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * An answer with a payload.
     *
     * @param status any number; the caller sees it
     * @param json what lies between position and limit
     * @throws IllegalArgumentException if the payload is over {@link #MAX_PAYLOAD_BYTES}
     */
    public static MethodResponse of(int status, ByteBuffer json) {
        if (json.remaining() > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "a method's answer has at most " + MAX_PAYLOAD_BYTES + " bytes, this one " + json.remaining());
        }
        Known known = new Known(status, json.slice());
        return new MethodResponse(CompletableFuture.completedFuture(known));
    }

    /** The answer that {@code later} will give; if that fails, the caller gets status 500. */
    public static MethodResponse when(CompletionStage<MethodResponse> later) {
        return new MethodResponse(later.thenCompose(MethodResponse::known));
    }

    /** Completes when there is something to write. */
    public CompletionStage<Known> known() {
        return known;
    }
}
