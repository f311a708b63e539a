// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import io.upstream.session.HubProperties;
import org.jspecify.annotations.Nullable;

/**
 * The encoded sections of messages that have properties in common. They are looked up by the identity of the two property maps, which {@link
 * Telemetry#withPayload} keeps and which never change, and then by comparison. Bounded in entries and bytes; what does not fit is encoded
 * each time. Confined to one event loop.
 */
final class SectionCache {
    private static final int ENTRIES = 64;

    /** Longer ones are not kept. */
    private static final int LONGEST = 1_024;

    private static final int USUAL_LENGTH = 256;

    private final @Nullable Sections[] byIdentity = new @Nullable Sections[ENTRIES];
    private final @Nullable Sections[] byContent = new @Nullable Sections[ENTRIES];
    private @Nullable Sections latest;
    private FlatProperties set = new FlatProperties();
    private @Nullable ByteBuf space;

    /** What {@code message} has in common with others. */
    Sections sections(Telemetry message) throws InvalidTelemetryException {
        Sections sections = latest;
        return sections != null && sections.isOf(message) ? sections : search(message);
    }

    private Sections search(Telemetry message) throws InvalidTelemetryException {
        int slot = slot(System.identityHashCode(message.properties()) * 31 + System.identityHashCode(message.system()));
        Sections sections = byIdentity[slot];
        if (sections == null || !sections.isOf(message)) {
            sections = compare(message);
            if (sections.encoded().length > LONGEST) {
                return sections;
            }
            byIdentity[slot] = sections;
        }
        latest = sections;
        return sections;
    }

    private Sections compare(Telemetry message) throws InvalidTelemetryException {
        set.set(message);
        int slot = slot(set.hash());
        Sections known = byContent[slot];
        if (known != null && known.takes(message, set)) {
            return known;
        }
        String wrong = HubProperties.unsendable(set);
        if (wrong != null) {
            throw new InvalidTelemetryException(wrong);
        }
        byte[] encoded = encode(message);
        Sections sections = new Sections(message, set, encoded);
        if (encoded.length > LONGEST || known == null) {
            set = new FlatProperties();
        } else {
            set = known.properties();
        }
        if (encoded.length <= LONGEST) {
            byContent[slot] = sections;
        }
        return sections;
    }

    private byte[] encode(Telemetry message) throws InvalidTelemetryException {
        ByteBuf out = space == null ? Unpooled.buffer(USUAL_LENGTH) : space.clear();
        TelemetryEncoder.write(message, out);
        space = out.capacity() > LONGEST ? null : out;
        return ByteBufUtil.getBytes(out);
    }

    private static int slot(int hash) {
        return (hash ^ hash >>> 16) & (ENTRIES - 1);
    }
}
