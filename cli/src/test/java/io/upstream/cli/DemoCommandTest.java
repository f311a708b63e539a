// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DemoCommandTest {
    @Test
    void deliversOnAllEightWays() {
        Shell.Run run = Shell.run("demo", "--json", "--count", "200");
        assertEquals(Cli.DONE, run.code(), run.toString());
        List<JsonNode> events = run.events();
        assertEquals(9, events.size(), run.out());
        Set<String> ways = new HashSet<>();
        for (JsonNode row : events.subList(0, 8)) {
            ways.add(row.get("protocol").asText() + "/" + row.get("route").asText());
            assertEquals(200, row.get("delivered").asInt(), run.out());
            assertFalse(row.has("failure"), run.out());
        }
        assertEquals(8, ways.size(), run.out());
        assertEquals(8, run.last().get("passed").asInt());
    }

    @Test
    void printsATable() {
        Shell.Run run = Shell.run("demo", "--count", "20");
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(
                8, run.out().lines().filter(line -> line.contains(" 20/20 ")).count(), run.out());
        assertTrue(run.out().contains("8 of 8 ways delivered every byte in order"), run.out());
    }

    @Test
    void measuresEachProtocol() {
        Shell.Run run = Shell.run("bench", "--json", "--count", "500", "--size", "100", "--window", "50");
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(4, run.events().size());
        assertTrue(
                run.events().stream()
                        .allMatch(row -> row.get("messagesPerSecond").asLong() > 0),
                run.out());
    }
}
