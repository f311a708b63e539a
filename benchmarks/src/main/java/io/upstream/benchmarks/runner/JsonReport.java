// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.benchmarks.load.Payload;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** Everything that was measured, for programs. */
final class JsonReport {
    private static final int FORMAT = 1;

    private JsonReport() {}

    /** What a run was about. */
    record Setting(Machine machine, Map<String, String> versions, String sinkTls, Pace pace, String finishedAt) {}

    static ObjectNode write(Setting setting, List<Row> rows, List<IdleRow> idle, List<Target.Verdict> verdicts) {
        ObjectNode root = head(setting.machine(), setting.versions(), setting.finishedAt());
        root.putObject("settings")
                .put("rounds", setting.pace().rounds())
                .put("roundSeconds", setting.pace().round().toMillis() / 1e3)
                .put("warmUpSeconds", setting.pace().warmUp().toMillis() / 1e3)
                .put("smokeTest", setting.pace().quick())
                .put("payloadBytes", Payload.SIZE)
                .put("sinkTls", setting.sinkTls());
        put(root, "rows", rows, JsonReport::row);
        put(root, "idle", idle, JsonReport::row);
        put(root, "targets", verdicts, JsonReport::verdict);
        return root;
    }

    /** Of many identities. */
    static ObjectNode write(
            Machine machine,
            Map<String, String> versions,
            String finishedAt,
            List<CrowdRow> rows,
            List<Target.Verdict> verdicts) {
        ObjectNode root = head(machine, versions, finishedAt);
        put(root, "identities", rows, JsonReport::row);
        put(root, "targets", verdicts, JsonReport::verdict);
        return root;
    }

    /** Of connecting. */
    static ObjectNode writeConnects(
            Machine machine,
            Map<String, String> versions,
            String finishedAt,
            List<ConnectRow> rows,
            List<Target.Verdict> verdicts) {
        ObjectNode root = head(machine, versions, finishedAt);
        put(root, "connects", rows, JsonReport::row);
        put(root, "targets", verdicts, JsonReport::verdict);
        return root;
    }

    /** Of very many identities. */
    static ObjectNode writeMultitude(
            Machine machine,
            Map<String, String> versions,
            String finishedAt,
            List<MultitudeRow> rows,
            List<Target.Verdict> verdicts) {
        ObjectNode root = head(machine, versions, finishedAt);
        put(root, "multitude", rows, JsonReport::row);
        put(root, "targets", verdicts, JsonReport::verdict);
        return root;
    }

    private static <T> void put(ObjectNode root, String name, List<T> what, Function<T, ObjectNode> written) {
        ArrayNode all = root.putArray(name);
        what.forEach(each -> all.add(written.apply(each)));
    }

    private static ObjectNode head(Machine machine, Map<String, String> versions, String finishedAt) {
        ObjectNode root = object().put("format", FORMAT).put("finishedAt", finishedAt);
        root.putObject("machine")
                .put("cpu", machine.cpu())
                .put("processors", machine.processors())
                .put("memoryGib", machine.memoryGib())
                .put("os", machine.os())
                .put("java", machine.java());
        ObjectNode all = root.putObject("versions");
        versions.forEach(all::put);
        return root;
    }

    static ObjectNode row(ConnectRow row) {
        ObjectNode node = object().put(
                        "way", row.way().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("connections", row.connections());
        return row.isComplete()
                ? node.put("requestsEach", rounded(row.requests()))
                        .put("p50Micros", rounded(row.p50Micros()))
                        .put("p99Micros", rounded(row.p99Micros()))
                        .put("cpuMicros", rounded(row.cpuMicros()))
                : node.put("failure", row.trouble());
    }

    static ObjectNode row(MultitudeRow row) {
        ObjectNode node = object().put("asked", row.asked())
                .put("connectsPerSecond", row.connectsPerSecond())
                .put("managed", row.managed());
        if (row.managed() > 0) {
            node.put("connections", row.connections())
                    .put("openSeconds", rounded(row.openSeconds()))
                    .put("openCpuSeconds", rounded(row.cpuSeconds()))
                    .put("heapMib", rounded(row.heapMib()))
                    .put("heapKibEach", rounded(row.heapKibEach()))
                    .put("residentMib", rounded(row.residentMib()))
                    .put("residentKibEach", rounded(row.residentKibEach()))
                    .put("peakThreads", row.peakThreads())
                    .put("idleThreads", row.threads())
                    .put("idleCpuPercent", rounded(row.idleCpuPercent()));
        }
        return row.trouble().isEmpty() ? node : node.put("failure", row.trouble());
    }

    static ObjectNode row(CrowdRow row) {
        ObjectNode node = object().put("way", row.way().id())
                .put("client", row.client())
                .put("asked", row.asked())
                .put("managed", row.managed());
        if (row.managed() > 0) {
            node.put("connections", row.connections())
                    .put("openSeconds", rounded(row.openSeconds()))
                    .put("sendSeconds", rounded(row.sendSeconds()))
                    .put("kibEach", rounded(row.kibEach()))
                    .put("threads", row.threads())
                    .put("cpuSeconds", rounded(row.cpuSeconds()));
        }
        return row.trouble().isEmpty() ? node : node.put("failure", row.trouble());
    }

    static ObjectNode row(Row row) {
        ObjectNode node = object().put("contest", row.contest().id())
                .put("window", row.window())
                .put("client", row.client())
                .put("tls", row.tls())
                .put("rounds", row.rounds().size());
        for (Metric metric : Metric.values()) {
            if (!row.rounds().isEmpty()) {
                node.putObject(metric.id())
                        .put("best", rounded(row.best(metric)))
                        .put("median", rounded(row.median(metric)));
            }
        }
        node.put("reordered", row.rounds().stream().mapToLong(Round::reordered).sum());
        return row.isComplete() ? node : node.put("failure", row.failure());
    }

    static ObjectNode row(IdleRow row) {
        ObjectNode node = object().put("contest", row.contest().id())
                .put("client", row.client())
                .put("identities", row.identities());
        return row.isComplete()
                ? node.put("kibEach", rounded(row.kibEach())).put("threadsEach", rounded(row.threadsEach()))
                : node.put("failure", row.failure());
    }

    static ObjectNode verdict(Target.Verdict verdict) {
        return object().put("target", verdict.name())
                .put("wanted", verdict.wanted())
                .put("got", rounded(verdict.got()))
                .put("met", verdict.met());
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Three decimals: more would only make two runs differ. */
    private static double rounded(double value) {
        return Math.round(value * 1e3) / 1e3;
    }
}
