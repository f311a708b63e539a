// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.security.SaslMechanisms;
import org.apache.qpid.proton.amqp.transport.Attach;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** P30: each cap of AMQP, at it and one beyond. */
class CapsTest {
    private static final int MESSAGE = 1_000; // what the probe's links take
    private static final String DETACHED = "detached r amqp:";

    @AfterEach
    void closeProbes() {
        EngineProbe.closeAll();
    }

    /** With a link {@code r} that has credit for one message. */
    private static EngineProbe attached() {
        EngineProbe probe = EngineProbe.open();
        EngineSession session = probe.engine.begin(probe);
        probe.receiver(session, "r").credit(1);
        probe.drain();
        Attach attach = new Attach();
        attach.setName("r");
        attach.setHandle(UnsignedInteger.ZERO);
        attach.setRole(Role.SENDER);
        attach.setSource(new Source());
        attach.setTarget(new Target());
        attach.setInitialDeliveryCount(UnsignedInteger.ZERO);
        probe.feed(Wire.join(Wire.hex(Wire.BEGIN), Wire.frame(0, attach)));
        probe.drain();
        probe.events.clear();
        return probe;
    }

    private static byte[] transfer(boolean more, byte... payload) {
        Transfer transfer = new Transfer();
        transfer.setHandle(UnsignedInteger.ZERO);
        transfer.setDeliveryId(UnsignedInteger.ZERO);
        transfer.setDeliveryTag(new Binary(new byte[] {1}));
        transfer.setMore(more);
        return Wire.frame(0, transfer, payload);
    }

    /** One section of data with so many octets altogether. */
    private static byte[] message(int length) {
        byte[] message = new byte[length];
        byte[] head = Wire.hex("005375b0", "%08x".formatted(length - 8));
        System.arraycopy(head, 0, message, 0, head.length);
        return message;
    }

    /** The frame is read, and breaks a rule of its link only. */
    @ParameterizedTest
    @CsvSource({"65536, detached r amqp:link:message-size-exceeded", "65537, failed PROTOCOL"})
    void aFrameHasAtMost64KiB(int length, String expected) {
        EngineProbe probe = attached();
        int head = transfer(false).length;
        byte[] frame = transfer(false, new byte[length - head]);
        assertEquals(length, frame.length);
        probe.feed(frame);
        assertEquals(1, probe.events.size(), probe.events.toString());
        assertTrue(probe.events.get(0).startsWith(expected), probe.events.toString());
    }

    @ParameterizedTest
    @CsvSource({"1000, delivered r 992 bytes", "1001, " + DETACHED + "link:message-size-exceeded"})
    void aMessageIsNoLongerThanItsLinkTakes(int length, String expected) {
        EngineProbe probe = attached();
        probe.feed(transfer(false, message(length)));
        assertEquals(1, probe.events.size(), probe.events.toString());
        assertTrue(probe.events.get(0).startsWith(expected), probe.events.toString());
        assertEquals(MESSAGE >= length, probe.events.get(0).startsWith("delivered"));
    }

    @ParameterizedTest
    @CsvSource({"1024, delivered r", "1025, " + DETACHED + "resource-limit-exceeded"})
    void aMessageComesInAtMostAThousandFrames(int frames, String expected) {
        EngineProbe probe = attached();
        for (int i = 1; i < frames; i++) {
            probe.feed(transfer(true));
        }
        probe.feed(transfer(false, message(100)));
        assertEquals(1, probe.events.size(), probe.events.toString());
        assertTrue(probe.events.get(0).startsWith(expected), probe.events.toString());
    }

    @ParameterizedTest
    @CsvSource({"512, ''", "513, failed PROTOCOL"})
    void aFrameOfTheLoginHasAtMost512Octets(int length, String expected) {
        EngineProbe probe = new EngineProbe();
        probe.feed(Wire.join(Wire.hex(Wire.SASL_HEADER), mechanisms(length)));
        assertEquals(expected.isEmpty() ? List.of() : List.of(expected), probe.events);
    }

    /** ANONYMOUS and another of the length that is wanted. */
    private static byte[] mechanisms(int length) {
        byte[] frame = new byte[0];
        for (int filler = 300; frame.length < length; filler++) {
            SaslMechanisms offer = new SaslMechanisms();
            offer.setSaslServerMechanisms(Symbol.valueOf("ANONYMOUS"), Symbol.valueOf("X".repeat(filler)));
            frame = Wire.frame(0, offer);
            frame[5] = 1; // of SASL
        }
        assertEquals(length, frame.length);
        return frame;
    }

    @Test
    void valuesAreNestedAtMostSixteenDeep() throws MalformedMessageException {
        byte[] deep = nested(AmqpStructure.MAX_DEPTH);
        assertEquals(deep.length, AmqpStructure.skip(deep, 0, deep.length));
        new AmqpReader(deep, 0, deep.length).value();
        byte[] deeper = nested(AmqpStructure.MAX_DEPTH + 1);
        assertThrows(MalformedMessageException.class, () -> AmqpStructure.skip(deeper, 0, deeper.length));
        assertThrows(MalformedMessageException.class, () -> new AmqpReader(deeper, 0, deeper.length).value());
        assertEquals("@", new String(nested(0), StandardCharsets.US_ASCII), "null");
    }

    private static byte[] nested(int lists) {
        byte[] value = {0x40};
        for (int i = 0; i < lists; i++) {
            value = Wire.join(new byte[] {(byte) 0xc0, (byte) (value.length + 1), 1}, value);
        }
        return value;
    }
}
