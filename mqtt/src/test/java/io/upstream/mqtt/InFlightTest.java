// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.Telemetry;
import io.upstream.UpstreamOptions;
import io.upstream.session.Callbacks;
import io.upstream.session.Outbox;
import io.upstream.session.Send;
import io.upstream.session.SharedRoom;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InFlightTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Outbox outbox = new Outbox(
            channel.eventLoop(),
            new Callbacks(Runnable::run),
            UpstreamOptions.forHub("h").outbox(65_535, 100_000).build(),
            new SharedRoom(Long.MAX_VALUE),
            () -> {},
            () -> 0);

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private Send send() {
        return assertInstanceOf(Send.class, outbox.submit(Telemetry.of(new byte[0])));
    }

    @Test
    void knowsNothingAtFirst() {
        InFlight inFlight = new InFlight(10);
        assertTrue(inFlight.isEmpty());
        assertNull(inFlight.remove(1));
        assertNull(inFlight.remove(65_535));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 1_000, 40_000})
    void givesEveryIdOnceUntilItIsFull(int messages) {
        InFlight inFlight = new InFlight(messages);
        Map<Integer, Send> given = new HashMap<>();
        while (inFlight.hasRoom()) {
            Send send = send();
            int id = inFlight.add(send);
            assertTrue(id > 0 && id < InFlight.SUBSCRIBE_ID, "id " + id);
            assertNull(given.put(id, send), "id " + id + " twice");
        }
        assertTrue(given.size() >= messages);
        given.forEach((id, send) -> assertSame(send, inFlight.remove(id)));
        assertTrue(inFlight.isEmpty());
    }

    @Test
    void neverGivesAnIdThatIsTakenWhateverTheOrderOfTheAnswers() {
        SplittableRandom random = new SplittableRandom(11);
        InFlight inFlight = new InFlight(300);
        Map<Integer, Send> given = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            if (inFlight.hasRoom() && random.nextInt(100) < (i / 10_000 % 2 == 0 ? 60 : 40)) {
                Send send = send();
                assertNull(given.put(inFlight.add(send), send));
                send.succeed();
            } else if (!given.isEmpty()) {
                Integer id = given.keySet().iterator().next();
                assertSame(given.remove(id), inFlight.remove(id));
                assertNull(inFlight.remove(id));
            } else {
                inFlight.trim();
            }
            channel.runPendingTasks();
        }
        assertEquals(given.isEmpty(), inFlight.isEmpty());
    }

    @Test
    void givesBackItsMemoryOnlyWhenNothingWaits() {
        InFlight inFlight = new InFlight(10);
        Send send = send();
        int id = inFlight.add(send);
        inFlight.trim();
        assertFalse(inFlight.isEmpty());
        assertSame(send, inFlight.remove(id));
        inFlight.trim();
        assertNull(inFlight.remove(id));
        assertNotNull(inFlight.remove(inFlight.add(send())));
    }
}
