// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.spi.HeaderFormat;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CloudMessageTest {
    @Test
    void showsOnlyThePayloadOfItsBytes() {
        CloudMessage message = CloudMessage.of(
                new byte[] {1, 2, 3, 4, 5}, 2, 2, (all, at) -> new HeaderFormat.Headers(Map.of(), Map.of()));
        ByteBuffer payload = message.payload();
        assertEquals(0, payload.position());
        assertEquals(2, payload.capacity());
        assertEquals(3, payload.get(0));
        assertTrue(payload.isReadOnly());
        assertFalse(payload.hasArray());
        payload.get();
        assertEquals(0, message.payload().position());
    }

    @Test
    void readsWhatComesWithThePayloadOnceAndNotBeforeItIsAskedFor() {
        AtomicInteger reads = new AtomicInteger();
        CloudMessage message = CloudMessage.of(new byte[] {7, 8}, 1, 1, (all, at) -> {
            reads.incrementAndGet();
            return new HeaderFormat.Headers(Map.of(SystemProperty.MESSAGE_ID, "id " + all[0]), Map.of("at", "" + at));
        });
        assertEquals(8, message.payload().get(0));
        assertEquals(0, reads.get());
        assertEquals(Optional.of("id 7"), message.messageId());
        assertEquals(Map.of("at", "1"), message.properties());
        assertSame(message.system(), message.system());
        assertEquals(1, reads.get());
        assertThrows(
                UnsupportedOperationException.class, () -> message.properties().put("x", "y"));
        assertThrows(UnsupportedOperationException.class, () -> message.system().clear());
    }

    @Test
    void keepsItsOwnCopyOfMaps() {
        Map<String, String> given = new LinkedHashMap<>();
        given.put("b", "1");
        given.put("a", "2");
        CloudMessage message = new CloudMessage(new byte[3], Map.of(SystemProperty.TO, "there"), given);
        given.clear();
        assertEquals(List.of("b", "a"), List.copyOf(message.properties().keySet()));
        assertEquals(Map.of(SystemProperty.TO, "there"), message.system());
        assertEquals("CloudMessage[3 bytes, system=[TO], properties=[b, a]]", message.toString());
        assertThrows(
                UnsupportedOperationException.class, () -> message.properties().clear());
    }

    @Test
    void refusesAPayloadOutsideOfItsBytes() {
        HeaderFormat format = (all, at) -> new HeaderFormat.Headers(Map.of(), Map.of());
        assertThrows(IndexOutOfBoundsException.class, () -> CloudMessage.of(new byte[2], 1, 2, format));
        assertThrows(IndexOutOfBoundsException.class, () -> CloudMessage.of(new byte[2], -1, 1, format));
    }
}
