// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.upstream.UpstreamProtocol;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class TraceOptionTest {
    private final Logger wire = (Logger) LoggerFactory.getLogger("io.upstream.wire");

    @AfterEach
    void switchOff() {
        wire.setLevel(null);
    }

    @Test
    void switchesTheTraceOnAndLeavesOtherLogsAlone() throws Exception {
        Level others = ((Logger) LoggerFactory.getLogger("io.upstream")).getLevel();
        try (TestHub hub = TestHub.start()) {
            Shell.Run run = Shell.run(
                    hub.args("send", hub.newDevice(), UpstreamProtocol.MQTT, "--count", "1", "--json", "--trace"));
            assertEquals(Cli.DONE, run.code());
            assertEquals("summary", run.last().get("event").asText());
        }
        assertEquals(Level.TRACE, wire.getLevel());
        assertEquals(others, ((Logger) LoggerFactory.getLogger("io.upstream")).getLevel());
    }

    @Test
    void withoutItNothingIsTracedAndWithItFramesAre() throws Exception {
        assertNull(wire.getLevel());
        try (TestHub hub = TestHub.start();
                LogCapture log = new LogCapture()) {
            for (Level level : List.of(Level.DEBUG, Level.TRACE)) {
                wire.setLevel(level);
                Shell.run(hub.args("send", hub.newDevice(), UpstreamProtocol.AMQP_WS, "--count", "1"));
                boolean traced = log.lines().stream().anyMatch(line -> line.contains("AMQP channel="));
                assertEquals(level == Level.TRACE, traced);
            }
            assertTrue(log.lines().stream().anyMatch(line -> line.contains("> AMQP channel=1 transfer handle=")));
        }
    }
}
