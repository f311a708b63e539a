// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import static java.util.Map.entry;

import java.util.Map;

/** What each row is to reach: nanoseconds and bytes allocated, on the machine on which the peers were measured first. */
final class CodecTargets {
    private static final Map<String, String> TARGETS = Map.ofEntries(
            entry("PublishEncode 64 B", "50, 0 B"),
            entry("PublishEncode 1024 B", "60, 0 B"),
            entry("PublishEncode 16384 B", "80, 0 B"),
            entry("PublishEncode 262000 B", "80, 0 B"),
            entry("PubAckDecode", "4, 0 B"),
            entry("PublishDecode 64 B", "25, 0 B"),
            entry("PublishDecode 1024 B", "25, 0 B"),
            entry("PublishDecode 16384 B", "25, 0 B"),
            entry("PublishDecode 262000 B", "25, 0 B"),
            entry("PublishSegments 1024 B", "80"),
            entry("PublishSegments 16384 B", "1,200"),
            entry("PublishSegments 262000 B", "26,000"),
            entry("TransferEncode 64 B", "90, 0 B"),
            entry("TransferEncode 1024 B", "90, 0 B"),
            entry("TransferEncode 16384 B", "130, 0 B"),
            entry("TransferEncode 262000 B", "150, 0 B"),
            entry("TransferDecode 64 B", "120, 150 B"),
            entry("TransferDecode 1024 B", "120, 150 B"),
            entry("TransferDecode 16384 B", "120, 150 B"),
            entry("TransferDecode 262000 B", "120, 150 B"),
            entry("Frame encode 64 B", "45, 0 B"),
            entry("Frame encode 1024 B", "75, 0 B"),
            entry("Frame encode 16384 B", "350, 0 B"),
            entry("Frame encode 262144 B", "9,000, 0 B"),
            entry("Frame decode 64 B", "15, 0 B"),
            entry("Frame decodeAndKeep 64 B", "45"),
            entry("Frame decode 1024 B", "15, 0 B"),
            entry("Frame decodeAndKeep 1024 B", "45"),
            entry("Frame decode 16384 B", "15, 0 B"),
            entry("Frame decodeAndKeep 16384 B", "45"),
            entry("Frame decode 262144 B", "15, 0 B"),
            entry("Frame decodeAndKeep 262144 B", "45"),
            entry("EngineSend 1024 B", "220, 100 B"),
            entry("EngineSend 262000 B", "1,200, 100 B"),
            entry("EngineReceive 1024 B", "250, 200 B"),
            entry("EngineReceive 262000 B", "1,500, 200 B"));

    private CodecTargets() {}

    /** Empty where there is none. */
    static String of(String operation) {
        return TARGETS.getOrDefault(operation, "");
    }
}
