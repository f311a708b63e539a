// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Telemetry;
import org.jspecify.annotations.Nullable;

/**
 * The encoded sections of messages that have properties in common, by the identity of their property maps. Bounded in entries and bytes;
 * what does not fit is encoded each time. Confined to one event loop.
 */
final class SectionCache {
    private static final int ENTRIES = 64;

    /** Longer ones are not kept. */
    private static final int LONGEST = 1_024;

    private static final byte[] NO_PAYLOAD = {};

    private final @Nullable Sections[] entries = new @Nullable Sections[ENTRIES];
    private @Nullable Sections latest;

    /** What {@code message} has in common with others. */
    Sections sections(Telemetry message) throws InvalidTelemetryException {
        Sections sections = latest;
        if (sections != null && sections.fit(message)) {
            return sections;
        }
        int slot = slot(message);
        sections = entries[slot];
        if (sections == null || !sections.fit(message)) {
            sections = new Sections(message.withPayload(NO_PAYLOAD));
            if (sections.encoded().length > LONGEST) {
                return sections;
            }
            entries[slot] = sections;
        }
        latest = sections;
        return sections;
    }

    private static int slot(Telemetry message) {
        int hash = System.identityHashCode(message.properties()) * 31 + System.identityHashCode(message.system());
        return (hash ^ hash >>> 16) & (ENTRIES - 1);
    }
}
