// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.upstream.CloudMessage;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.Telemetry;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever can be asked for can be asked for in each callback; another client's only callback thread waited for itself (paho.mqtt.java#985). */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#devices")
class CallbackContractTest extends SessionContract {
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    /** Where the application's code runs. */
    private enum Callback {
        MESSAGE,
        METHOD,
        DESIRED_CHANGE,
        STATUS,
        GAP,
        ANSWER
    }

    @ParameterizedTest
    @EnumSource
    void everythingCanBeAskedForIn(Callback callback) throws Exception {
        UpstreamSession session = open(options -> options.reconnect(SOON_AGAIN));
        CompletableFuture<List<CompletionStage<?>>> asked = new CompletableFuture<>();
        bringAbout(callback, session, inside -> asked.complete(everything(inside)));
        for (CompletionStage<?> each : get(asked)) {
            get(each);
        }
        assertNotNull(get(session.twin()));
    }

    @ParameterizedTest
    @EnumSource
    void theSessionCanBeClosedIn(Callback callback) throws Exception {
        UpstreamSession session = open(options -> options.reconnect(SOON_AGAIN));
        CompletableFuture<CompletionStage<Void>> closed = new CompletableFuture<>();
        bringAbout(callback, session, inside -> closed.complete(inside.close(Duration.ofSeconds(5))));
        get(get(closed));
        assertEquals(Phase.CLOSED, session.status().phase());
    }

    private void bringAbout(Callback callback, UpstreamSession session, Consumer<UpstreamSession> code)
            throws Exception {
        switch (callback) {
            case MESSAGE -> {
                get(session.onMessage(MessageHandler.completing((CloudMessage message) -> code.accept(session))));
                subject.send("m");
            }
            case METHOD -> {
                get(session.onMethod(request -> {
                    code.accept(session);
                    return MethodResponse.ok();
                }));
                CompletableFuture<?> call = subject.call("m", "{}");
                assertNotNull(call);
            }
            case DESIRED_CHANGE -> {
                get(session.onDesiredChange(change -> code.accept(session)));
                subject.patchDesired("{\"a\":1}");
            }
            case STATUS ->
                session.onStatus(status -> {
                    if (status.phase() == Phase.CONNECTED) {
                        code.accept(session);
                    }
                });
            case GAP -> {
                get(session.onMethod(request -> MethodResponse.ok()));
                session.onGap(gap -> code.accept(session));
                subject.closeConnections();
            }
            case ANSWER -> session.send(Telemetry.json("1")).thenRun(() -> code.accept(session));
        }
    }

    private static List<CompletionStage<?>> everything(UpstreamSession session) {
        session.onStatus(status -> {});
        session.onGap(gap -> {});
        assertNotNull(session.status());
        assertNotNull(session.statistics());
        return List.of(
                session.send(Telemetry.json("2")),
                session.permit(),
                session.probe(),
                session.twin(),
                session.report("{\"b\":1}"),
                session.onMessage(MessageHandler.completing(message -> {})),
                session.onMethod(request -> MethodResponse.ok()),
                session.onDesiredChange(change -> {}));
    }
}
