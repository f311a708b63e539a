// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** A direct method that the back end calls; it waits for the answer. It owns its bytes: any thread may keep and read it. */
public final class MethodRequest {
    private final String name;
    private final ByteBuffer payload;

    /** Takes {@code payload}. */
    public MethodRequest(String name, byte[] payload) {
        this.name = Objects.requireNonNull(name, "name");
        this.payload = ByteBuffer.wrap(payload).asReadOnlyBuffer();
    }

    /** As the caller spelled it. */
    public String name() {
        return name;
    }

    /** A fresh read-only view, position 0: JSON in UTF-8, or nothing. */
    public ByteBuffer payload() {
        return payload.duplicate();
    }

    /** The payload as text. */
    public String text() {
        return StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
    }

    /** Without the payload, which may be secret. */
    @Override
    public String toString() {
        return "MethodRequest[" + name + ", " + payload.remaining() + " bytes]";
    }
}
