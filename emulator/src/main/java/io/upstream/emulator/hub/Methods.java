// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Direct methods: what a call may be, and to whom it goes. */
final class Methods {
    static final int MAX_PAYLOAD_BYTES = 128 * 1024;

    private static final int MAX_NAME = 128;
    private static final Duration SHORTEST_RESPONSE = Duration.ofSeconds(5);
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Clock clock;
    private final ConcurrentHashMap<HubIdentity, MethodLine> lines = new ConcurrentHashMap<>();

    Methods(Clock clock) {
        this.clock = clock;
    }

    CompletionStage<MethodAnswer> invoke(HubIdentity identity, MethodCall call) {
        CompletableFuture<MethodAnswer> answer = new CompletableFuture<>();
        try {
            check(call);
            line(identity).call(call, answer);
        } catch (HubException e) {
            answer.completeExceptionally(e);
        }
        return answer;
    }

    private static void check(MethodCall call) throws HubException {
        String name = call.name();
        if (name.isEmpty()
                || name.length() > MAX_NAME
                || name.chars().anyMatch(c -> "/+#".indexOf(c) >= 0 || Character.isISOControl(c))) {
            throw new HubException(
                    HubError.MALFORMED, "a method name must have 1 to " + MAX_NAME + " characters, none of / + #");
        }
        if (call.responseTimeout().compareTo(SHORTEST_RESPONSE) < 0
                || call.responseTimeout().compareTo(LONGEST) > 0) {
            throw new HubException(HubError.MALFORMED, "the response timeout must be 5 to 300 seconds");
        }
        if (call.connectTimeout().isNegative() || call.connectTimeout().compareTo(LONGEST) > 0) {
            throw new HubException(HubError.MALFORMED, "the connect timeout must be 0 to 300 seconds");
        }
        checkPayload(call.payload());
    }

    private static void checkPayload(byte[] payload) throws HubException {
        if (payload.length > MAX_PAYLOAD_BYTES) {
            throw new HubException(
                    HubError.MESSAGE_TOO_LARGE,
                    "the payload has " + payload.length + " bytes, " + MAX_PAYLOAD_BYTES + " are allowed");
        }
        if (payload.length > 0) {
            JsonText.read(payload);
        }
    }

    boolean answer(HubIdentity identity, UUID id, MethodAnswer answer) throws HubException {
        checkPayload(answer.payload());
        return line(identity).answer(id, answer);
    }

    Hub.Presence receive(HubIdentity identity, Consumer<MethodRequest> receiver, Runnable replaced) {
        return line(identity).receive(receiver, replaced);
    }

    private MethodLine line(HubIdentity identity) {
        return lines.computeIfAbsent(identity, id -> new MethodLine(id, clock));
    }

    void sweep() {
        lines.values().forEach(MethodLine::sweep);
    }

    void remove(HubIdentity identity) {
        MethodLine line = lines.remove(identity);
        if (line != null) {
            line.purge();
        }
    }
}
