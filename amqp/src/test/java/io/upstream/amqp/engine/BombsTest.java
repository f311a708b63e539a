// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.Role;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** P38: a few bytes that cost another engine memory, its stack or its event loop (CVE-2026-66273 to CVE-2026-66276) cost this one nothing. */
class BombsTest {
    private static final long MEBIBYTE = 1 << 20;
    private static final int MARKER = 0x11223344;

    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    @AfterEach
    void closeProbes() {
        EngineProbe.closeAll();
    }

    /** Values whose sizes or counts are more than there is; each alone, in an open, in a begin's properties and in a SASL frame. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "binary of 2 GiB, b07fffffff",
        "binary of 4 GiB less one, b0ffffffff",
        "short binary, a0ff",
        "string of 2 GiB, b17fffffff",
        "symbol of 2 GiB, b37fffffff",
        "list of 2 GiB, d07fffffff7fffffff",
        "list of negative size, d0ffffffff00000001",
        "list of 2^31-1 elements, d0000000047fffffff",
        "short list of 255 elements, c001ff",
        "map of 2^31-2 entries, d1000000047ffffffe",
        "array of 2 GiB, f07fffffff7fffffff50",
        "array of 2^31-1 nulls, f0000000057fffffff40",
        "array of 2^31-1 empty lists, f0000000057fffffff45",
        "short array of 255 bytes of two gigabytes, e00affb07fffffff00000000",
    })
    void costNoMemoryByLyingAboutTheirSize(String what, String hex) {
        feedInEachPlace(hex); // loads classes
        long before = THREADS.getCurrentThreadAllocatedBytes();
        feedInEachPlace(hex);
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < MEBIBYTE, allocated + " bytes");
    }

    private static void feedInEachPlace(String hex) {
        assertUnreadable(HexFormat.of().parseHex(hex));
        for (String body : List.of("005310" + hex, "005310c0ff01" + hex, "005311c0ff08600000404040404040" + hex)) {
            EngineProbe open = EngineProbe.open();
            open.feed(frame(0, body));
            assertEquals("failed PROTOCOL", open.events.get(open.events.size() - 1));
        }
        EngineProbe fresh = new EngineProbe();
        fresh.feed(Wire.join(Wire.hex(Wire.SASL_HEADER), frame(1, "005340c0ff01" + hex)));
        assertEquals(List.of("failed PROTOCOL"), fresh.events);
    }

    private static byte[] frame(int type, String body) {
        byte[] bytes = HexFormat.of().parseHex(body);
        return ByteBuffer.allocate(8 + bytes.length)
                .putInt(8 + bytes.length)
                .put((byte) 2)
                .put((byte) type)
                .putShort((short) 0)
                .put(bytes)
                .array();
    }

    private static void assertUnreadable(byte[] bytes) {
        assertTrue(!canBeSkipped(bytes) && !canBeRead(bytes));
    }

    private static boolean canBeSkipped(byte[] bytes) {
        try {
            AmqpStructure.skip(bytes, 0, bytes.length);
            return true;
        } catch (MalformedMessageException e) {
            return false;
        }
    }

    private static boolean canBeRead(byte[] bytes) {
        try {
            new AmqpReader(bytes, 0, bytes.length).value();
            return true;
        } catch (MalformedMessageException e) {
            return false;
        }
    }

    /** As a message, which may be of any length, and in a frame, if it fits. */
    @ParameterizedTest
    @ValueSource(ints = {1, 10, 15, 16, 17, 33, 100, 1_000, 7_000, 65_000, 100_000})
    void costNoStackByBeingNested(int depth) {
        for (byte[] bytes : List.of(described(depth), lists(depth), maps(depth), arrays(depth))) {
            boolean skipped = canBeSkipped(bytes);
            assertEquals(skipped, canBeRead(bytes));
            assertTrue(depth <= AmqpStructure.MAX_DEPTH ? skipped || bytes[0] == 0 : !skipped, "depth " + depth);
            if (bytes.length < 65_000) {
                EngineProbe open = EngineProbe.open();
                open.feed(Wire.join(
                        ByteBuffer.allocate(8)
                                .putInt(8 + bytes.length)
                                .putInt(0x0200_0000)
                                .array(),
                        bytes));
                assertEquals("failed PROTOCOL", open.events.get(open.events.size() - 1), "no performative");
            }
        }
    }

    /** Descriptors of descriptors. */
    private static byte[] described(int depth) {
        byte[] bytes = new byte[2 * depth + 1];
        Arrays.fill(bytes, 0, depth, (byte) 0x00);
        Arrays.fill(bytes, depth, bytes.length, (byte) 0x40);
        return bytes;
    }

    private static byte[] lists(int depth) {
        return nested(depth, 9, (byte) 0xd0, 1);
    }

    /** Each has a null for its key. */
    private static byte[] maps(int depth) {
        return nested(depth, 10, (byte) 0xd1, 2);
    }

    private static byte[] nested(int depth, int each, byte type, int count) {
        ByteBuffer out = ByteBuffer.allocate(depth * each + 1);
        for (int left = depth - 1; left >= 0; left--) {
            out.put(type).putInt(each - 5 + left * each + 1).putInt(count);
            if (count == 2) {
                out.put((byte) 0x40);
            }
        }
        return out.put((byte) 0x40).array();
    }

    /** Each of one array but the last, of one octet. */
    private static byte[] arrays(int depth) {
        ByteBuffer out = ByteBuffer.allocate(2 + depth * 9);
        out.put((byte) 0xf0);
        for (int left = depth - 1; left >= 0; left--) {
            out.putInt(6 + left * 9).putInt(1).put((byte) (left == 0 ? 0x50 : 0xf0));
        }
        return out.array();
    }

    /** Three messages are under way. */
    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({
        "0, 4294967294",
        "0, 4294967295",
        "0, 2147483647",
        "0, 2147483648",
        "1, 4294967295",
        "1, 0",
        "2, 1",
        "2147483647, 2147483648",
        "2147483648, 2147483647",
        "4294967280, 16",
        "4294967295, 0",
        "4294967295, 2147483646",
        "3000000000, 1000000000",
        "65535, 131072",
        "3, 4294967290",
    })
    void costNoTimeByARangeOfDeliveries(long first, long last) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 5; round++) {
            for (Role role : new Role[] {Role.RECEIVER, Role.SENDER}) {
                EngineProbe probe = withThreeUnderWay();
                byte[] range = Peer.disposition(role, first, last, true, Accepted.getInstance());
                long before = System.nanoTime();
                probe.feed(range);
                least = Math.min(least, System.nanoTime() - before);
            }
        }
        assertTrue(least < 5_000_000, least + " ns");
    }

    private static EngineProbe withThreeUnderWay() {
        EngineProbe probe = EngineProbe.open();
        EngineSender up = probe.sender(probe.engine.begin(probe), "up");
        probe.feed(
                Wire.join(Peer.begin(0, 100, 255), Peer.attach("up", 0, 0, 0), Peer.credit(0, 0L, 10, false, false)));
        for (int i = 0; i < 3; i++) {
            up.send(new byte[1], null, i);
        }
        probe.drain();
        return probe;
    }

    /** Fifty thousand that are all different: what kept them would have kept ten megabytes. */
    @Test
    void costNoMemoryBySymbolsAndDescriptorsThatNeverComeAgain() {
        EngineProbe probe = withThreeUnderWay();
        byte[] error = Peer.disposition(Role.RECEIVER, 9, null, false, rejected("condition-00000000"));
        byte[] annotation = Wire.hex("c12502a31c", Wire.hexOfText("condition-000000000000000000"), "a10464617461");
        byte[] descriptor = Wire.hex("00a31c", Wire.hexOfText("condition-000000000000000000"), "40");
        long before = usedHeap();
        for (int i = 0; i < 50_000; i++) {
            probe.feed(numbered(error, i));
            assertTrue(canBeRead(numbered(annotation, i)) && canBeRead(numbered(descriptor, i)));
        }
        probe.drain();
        assertTrue(probe.events.stream().noneMatch(event -> event.startsWith("failed")), probe.events.toString());
        long kept = usedHeap() - before;
        assertTrue(kept < 3 * MEBIBYTE, kept + " bytes");
    }

    private static Rejected rejected(String condition) {
        Rejected rejected = new Rejected();
        rejected.setError(Peer.error(condition));
        return rejected;
    }

    /** Writes a number of eight digits behind the word. */
    private static byte[] numbered(byte[] template, int number) {
        byte[] bytes = template.clone();
        byte[] word = "condition-".getBytes(StandardCharsets.US_ASCII);
        int at = 0;
        while (!Arrays.equals(bytes, at, at + word.length, word, 0, word.length)) {
            at++;
        }
        for (int i = 0, left = number; i < 8; i++, left /= 10) {
            bytes[at + word.length + i] = (byte) ('0' + left % 10);
        }
        return bytes;
    }

    /** With a number in the place of the marker. */
    private static byte[] marked(byte[] template, int number) {
        ByteBuffer bytes = ByteBuffer.wrap(template.clone());
        int at = 0;
        while (bytes.getInt(at) != MARKER) {
            at++;
        }
        return bytes.putInt(at, number).array();
    }

    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(
                    least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    /** Stale deliveries piled up in another engine (PROTON-2687), and so did what belonged to links that were gone. */
    @Test
    void keepNothingOfLinksThatComeAndGoWithMessagesUnderWay() {
        EngineProbe probe = EngineProbe.open();
        EngineSession session = probe.engine.begin(probe);
        probe.drain();
        probe.feed(Peer.begin(0, 100, 255));
        byte[] attach = Wire.join(Peer.attach("up", 0, 0, 0), Peer.credit(0, 0L, 3, false, false));
        byte[] window = Peer.window(MARKER, 100, false);
        byte[] accepted = Peer.disposition(Role.RECEIVER, MARKER, null, true, Accepted.getInstance());
        byte[] detach = Peer.detach(0, true, null);
        List<Long> used = new ArrayList<>();
        for (int i = 0; i < 6_000; i++) {
            EngineSender up = probe.sender(session, "up");
            probe.drain();
            assertEquals(0, up.handle(), "the handle is free again");
            probe.feed(attach);
            probe.feed(marked(window, 3 * i));
            for (int sent = 0; sent < 3; sent++) {
                up.send(new byte[100], null, sent);
            }
            probe.drain();
            probe.feed(marked(accepted, 3 * i + 1));
            probe.feed(detach);
            assertTrue(probe.events.contains("1 ACCEPTED"), probe.events.toString());
            probe.events.clear();
            probe.drain();
            if (i % 3_000 == 2_999) {
                used.add(usedHeap());
            }
        }
        assertTrue(used.get(1) - used.get(0) < MEBIBYTE, used.toString());
    }
}
