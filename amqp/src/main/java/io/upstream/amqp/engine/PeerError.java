// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.connect.Failures;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why something ended.
 *
 * @param condition such as {@code amqp:not-found}; may be empty
 * @param description free text, from outside if the peer told it; may be empty
 * @param info what the peer tells besides, as {@link AmqpReader} reads it; may be empty
 */
public record PeerError(String condition, String description, Origin origin, Map<?, ?> info) {
    /** Without more to tell. */
    public PeerError(String condition, String description, Origin origin) {
        this(condition, description, origin, Map.of());
    }

    public enum Origin {
        /** The peer put it so. */
        TOLD,
        /** The peer broke the protocol, and was told so by us. */
        BREACH
    }

    /** What the peer told. */
    static PeerError told(String condition, String description) {
        return new PeerError(condition, description, Origin.TOLD);
    }

    /** What the peer told, and what it told besides. */
    static PeerError told(String condition, String description, Map<?, ?> info) {
        return new PeerError(condition, description, Origin.TOLD, info);
    }

    /** What the peer did against the rules. */
    static PeerError breach(String condition, String description) {
        return new PeerError(condition, description, Origin.BREACH);
    }

    /** Fit for one line of a log. */
    @Override
    public String toString() {
        String name = Failures.printable(condition);
        return description.isBlank() ? name : name + ": " + Failures.printable(description);
    }

    /** Reads the next field, an error (section 2.8.14); null if it is absent. */
    static @Nullable PeerError read(Fields fields) {
        if (fields.openNested() != Performative.ERROR) {
            return null;
        }
        String condition = fields.text();
        String description = fields.text();
        return condition == null ? null : told(condition, description == null ? "" : description, fields.map());
    }
}
