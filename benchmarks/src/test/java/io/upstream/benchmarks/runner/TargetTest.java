// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TargetTest {
    private static Row row(Contest contest, String client, double rate, double cpu, double bytes) {
        Round round = new Round(rate, cpu, bytes, 10, 20, 1, 0);
        return new Row(contest, 256, client, "JDK", List.of(round), "");
    }

    @Test
    void judgesAgainstTheBestPeerInThatMetricAndTheLimit() {
        Map<String, Target.Verdict> verdicts = judged(List.of(
                row(Contest.MQTT_TLS, "limit", 1_000, 0.5, 100),
                row(Contest.MQTT_TLS, "upstream", 700, 0.9, 250),
                row(Contest.MQTT_TLS, "hivemq", 300, 3, 1_000),
                row(Contest.MQTT_TLS, "paho", 100, 2, 6_000)));
        assertMet(verdicts, "mqtt-tls, window 256: messagesPerSecond ÷ hivemq", 700 / 300.0, true);
        assertMet(verdicts, "mqtt-tls, window 256: messagesPerSecond ÷ limit", 0.7, false);
        assertMet(verdicts, "mqtt-tls, window 256: cpuMicrosPerMessage ÷ paho", 0.45, false);
        assertMet(verdicts, "mqtt-tls, window 256: bytesPerMessage", 250, true);
        assertEquals(4, verdicts.size());
    }

    @Test
    void judgesTheProxyAgainstTheDirectWayAndAgainstARelayOfBytes() {
        Map<String, Target.Verdict> verdicts = judged(List.of(
                row(Contest.PROXY, "upstream", 1_000, 1, 1),
                row(Contest.PROXY, Contest.THROUGH_RELAY, 800, 1, 1),
                row(Contest.PROXY, Contest.THROUGH_PROXY, 780, 1.1, 1)));
        assertMet(verdicts, "proxy, window 256: messagesPerSecond ÷ upstream", 0.78, false);
        assertMet(verdicts, "proxy, window 256: messagesPerSecond ÷ upstream-relay", 0.975, true);
        assertMet(verdicts, "proxy, window 256: cpuMicrosPerMessage ÷ upstream-relay", 1.1, false);
    }

    @Test
    void saysNothingAboutWhatWasNotMeasured() {
        Row failed = new Row(Contest.AMQP_WS, 256, "upstream", "", List.of(), "refused");
        assertTrue(judged(List.of(failed)).isEmpty());
    }

    @Test
    void judgesIdleMemory() {
        List<Target.Verdict> verdicts =
                Target.judge(List.of(), List.of(new IdleRow(Contest.IDLE_MQTT, "upstream", 200, 9.5, 0, "")));
        assertFalse(verdicts.get(0).met());
    }

    private static Map<String, Target.Verdict> judged(List<Row> rows) {
        return Target.judge(rows, List.of()).stream()
                .collect(Collectors.toMap(Target.Verdict::name, Function.identity()));
    }

    private static void assertMet(Map<String, Target.Verdict> verdicts, String name, double got, boolean met) {
        Target.Verdict verdict = verdicts.get(name);
        assertTrue(verdict != null, () -> name + " in " + verdicts.keySet());
        assertEquals(got, verdict.got(), 1e-9);
        assertEquals(met, verdict.met());
    }
}
