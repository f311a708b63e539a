// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import org.junit.jupiter.api.Test;

class PublishHeadsTest {
    private static final Telemetry EMPTY = Telemetry.of(new byte[0]);

    private final PublishHeads heads =
            new PublishHeads(new Dialect("t/", true, true, new CloudTopic("devices/d/messages/devicebound/")));

    private static String topic(PublishHead head) {
        head.prepare(Math.toIntExact(head.remaining(0)), 1);
        ByteBuf out = Unpooled.buffer();
        head.writeTo(out);
        out.skipBytes(1);
        while (out.readByte() < 0) {
            // the rest of the remaining length
        }
        return out.readCharSequence(out.readUnsignedShort(), UTF_8).toString();
    }

    @Test
    void knowsMessagesWithTheSamePropertiesByTheirMaps() throws UpstreamException {
        Telemetry kind = EMPTY.property("k", "v");
        assertSame(heads.of(kind), heads.of(kind.withPayload(new byte[9])));
    }

    @Test
    void knowsEqualPropertiesInOtherMaps() throws UpstreamException {
        PublishHead head = heads.of(EMPTY.messageId("m").property("k", "v"));
        heads.of(EMPTY);
        assertSame(head, heads.of(EMPTY.property("k", "v").messageId("m")));
    }

    @Test
    void tellsPropertiesApartThatDifferInTheirOrderOnly() throws UpstreamException {
        assertEquals("t/a=1&b=2", topic(heads.of(EMPTY.property("a", "1").property("b", "2"))));
        assertEquals("t/b=2&a=1", topic(heads.of(EMPTY.property("b", "2").property("a", "1"))));
    }

    @Test
    void tellsNamesAndValuesApart() throws UpstreamException {
        assertEquals("t/a=b", topic(heads.of(EMPTY.property("a", "b"))));
        assertEquals("t/b=a", topic(heads.of(EMPTY.property("b", "a"))));
        assertEquals("t/%24.to=a", topic(heads.of(EMPTY.system(SystemProperty.TO, "a"))));
        assertEquals("t/TO=a", topic(heads.of(EMPTY.property("TO", "a"))));
        assertEquals("t/", topic(heads.of(EMPTY)));
    }

    @Test
    void keepsWhatIsUsedAgainAmongMessagesThatAreAllDifferent() throws UpstreamException {
        Telemetry kind = EMPTY.property("k", "v");
        PublishHead head = heads.of(kind);
        for (int i = 0; i < 1_000; i++) {
            assertEquals("t/%24.mid=" + i, topic(heads.of(EMPTY.messageId("" + i))));
            assertSame(head, heads.of(kind.withPayload(new byte[i])), "after " + i);
            assertEquals("t/k=v", topic(head));
        }
    }

    @Test
    void forgetsWhatIsNotUsedAgain() throws UpstreamException {
        PublishHead first = heads.of(EMPTY.messageId("first"));
        for (int i = 0; i < PublishHeads.CAPACITY; i++) {
            heads.of(EMPTY.messageId("" + i));
        }
        assertEquals("t/%24.mid=" + (PublishHeads.CAPACITY - 1), topic(first), "its memory is used again");
    }

    @Test
    void makesRoomWhenAllAreInUse() throws UpstreamException {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i <= 2 * PublishHeads.CAPACITY; i++) {
                assertEquals("t/k=" + i, topic(heads.of(EMPTY.property("k", "" + i))));
                assertEquals("t/k=" + i, topic(heads.of(EMPTY.property("k", "" + i))));
            }
        }
    }

    @Test
    void doesNotKeepALongTopic() throws UpstreamException {
        Telemetry kept = EMPTY.property("k", "x".repeat(PublishHeads.KEPT_TOPIC - 4));
        assertSame(heads.of(kept), heads.of(kept));
        Telemetry tooLong = EMPTY.property("k", "x".repeat(PublishHeads.KEPT_TOPIC - 3));
        assertNotSame(heads.of(tooLong), heads.of(tooLong));
        assertEquals(PublishHeads.KEPT_TOPIC + 1, topic(heads.of(tooLong)).length());
    }
}
