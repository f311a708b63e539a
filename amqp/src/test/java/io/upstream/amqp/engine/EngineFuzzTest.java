// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.testing.Mutants;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a peer sends, in each state of a connection: events, at most one end, no exception, memory within the limits, and none kept.
 * The first byte of an input chooses the state.
 */
class EngineFuzzTest {
    /** A frame that is cut, a message that is cut, a batch of what is to be written, and what the allocator adds. */
    private static final long MOST_MEMORY = AmqpEngine.MAX_FRAME_SIZE + 16_384 + 8_192;

    static Stream<byte[]> seeds() {
        byte[] sasl = Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS);
        byte[] opening = Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN);
        byte[] begun = Wire.join(opening, AmqpEngineTest.GOLDEN);
        byte[] message = Wire.hex("00000020 02000000 005314c00906 5201 5201 a00101 434242 005375a0020102 00");
        byte[] pieces = Wire.hex(
                "0000001d 02000000 005314c00b06 5201 5201 a00101 434241 005375a002",
                "00000018 02000000 005314c00906 5201 4040404242 0102",
                "0000001f 02000000 005314c00e0b 5201 5202 a00101 43424140404041 00");
        byte[] flows = Wire.hex(
                "00000025 02000000 005313c0180a 43 7000001388 5201 70ffffffff 43 43 5264 43 41 41",
                "0000001c 02000000 005315c00f05 41 7000000000 40 41 00532445",
                "0000003d 02000000 005316c0300352 01 41 00531dc0270100a322",
                "616d71703a6c696e6b3a6465746163682d666f72636564");
        return Stream.of(
                state(0, sasl),
                state(1, begun),
                state(2, message),
                state(2, Wire.join(message, pieces)),
                state(2, flows),
                state(2, Wire.hex("0000000f 02000000 005317c0020140", "0000000f 02000000 005318c0020140")));
    }

    private static byte[] state(int state, byte[] bytes) {
        return Wire.join(new byte[] {(byte) state}, bytes);
    }

    @MethodSource("seeds")
    @FuzzTest
    void survivesWhateverComes(byte[] input) {
        if (input.length == 0) {
            return;
        }
        EngineProbe probe = new EngineProbe();
        bring(probe, Math.floorMod(input[0], 3));
        List<byte[]> pieces = Mutants.cut(Arrays.copyOfRange(input, 1, input.length));
        for (byte[] piece : pieces) {
            probe.feed(piece);
            assertTrue(probe.bytesInUse() <= MOST_MEMORY, probe.bytesInUse() + " bytes are held");
            probe.drain();
        }
        probe.engine.tick();
        probe.drain();
        check(probe.events);
        EngineProbe.closeAll();
    }

    private static void bring(EngineProbe probe, int state) {
        if (state == 0) {
            return;
        }
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        if (state == 1) {
            return;
        }
        probe.feed(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN));
        EngineSession session = probe.engine.begin(probe);
        EngineSender sender = probe.sender(session, "$cbs-sender");
        probe.onCredit = () -> {
            for (int i = 0; i < 100 && sender.credit() > 0; i++) {
                sender.send(new byte[10], null, "request");
            }
        };
        probe.receiver(session, "$cbs-receiver").credit(10);
        probe.feed(AmqpEngineTest.GOLDEN);
        probe.drain();
    }

    private static void check(List<String> events) {
        assertTrue(events.stream().noneMatch("failed INTERNAL"::equals), "a defect");
        assertTrue(
                events.stream()
                                .filter(event -> event.startsWith("failed") || event.startsWith("closed"))
                                .count()
                        <= 1,
                "ends twice");
    }

    /** P38: AMQP. */
    @Test
    void survivesMutantsOfWhatIsRight() {
        Mutants.feed(seeds(), 20_000, this::survivesWhateverComes);
    }
}
