// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * One identity's traffic with the hub: a connection of its own under MQTT, links on a shared connection under AMQP. It outlives its
 * connections: when one is lost another is made, as {@link UpstreamOptions#reconnect} says, until {@link #close} is called. What was sent and
 * not acknowledged is sent again, in order; what is sent meanwhile waits; handlers stay in place, and changes of desired properties that were
 * missed are made up for ({@link DesiredChange#complete}). A request about the twin that is under way when the connection is lost fails with a
 * {@link NetworkException}, one that is made meanwhile waits.
 *
 * <p><b>Threads:</b> every method may be called from any thread and none blocks but {@link #close()}. Futures and callbacks
 * complete on the runtime's callback executor, in order for each session: code there must not wait for another future of the same
 * session.
 */
public interface UpstreamSession extends AutoCloseable {

    Identity identity();

    /** The protocol actually spoken. */
    UpstreamProtocol protocol();

    /**
     * Sends one message, at least once. The future completes when the hub has taken it (PUBACK, disposition accepted), or fails
     * with an {@link UpstreamException} not later than {@link UpstreamOptions#operationTimeout} from now: {@link
     * MessageException} for this message alone, {@link BackpressureException} at once when too much is under way, {@link
     * NetworkException} when the time is over, in which case the hub may or may not have the message. Cancelling it before its first byte is
     * written takes it back. Messages reach the hub in the order of the calls; one that was unacknowledged when a connection was lost can reach
     * it twice.
     *
     * <p>What depends on the future runs on {@link UpstreamRuntime#callbacks}. A thread that blocks for it by {@code
     * toCompletableFuture().get()} or {@code join()} is woken at once, also when no thread for callbacks is free.
     *
     * <p><b>Buffers:</b> borrows the payload until the future has completed.
     */
    CompletionStage<Void> send(Telemetry telemetry);

    /**
     * Sends several messages in order, each with an outcome of its own: exactly as if {@link #send} had been called for each. A protocol
     * that can carry several in one frame may do so; they share their fate then.
     *
     * @return the outcomes, in the order of the messages
     */
    default List<CompletionStage<Void>> sendBatch(List<Telemetry> batch) {
        return batch.stream().map(this::send).toList();
    }

    /**
     * Completes when there is room for another message: at once if there is some now, else in the order of the calls as earlier messages are
     * answered. It reserves nothing: where several threads send, {@link #send} may still fail with {@link BackpressureException}, and asks
     * again. Fails with the session's end, and with {@link BackpressureException} if as many wait already as the outbox takes messages.
     *
     * <pre>{@code
     * session.permit().thenCompose(room -> session.send(next));
     * }</pre>
     */
    CompletionStage<Void> permit();

    /**
     * Asks the hub for a sign of life on the present connection, behind nothing that waits in the outbox (MQTT: PINGREQ; AMQP: a
     * session that is begun and ended, two round trips).
     *
     * @return how long the answer took; fails with a {@link NetworkException} at once if there is no connection, and if there is no answer
     *     within {@link UpstreamOptions#keepAlivePatience}
     */
    CompletionStage<Duration> probe();

    /**
     * Receives from now on what is sent to the identity: a device its cloud-to-device messages, a module what is routed to its inputs
     * ({@link SystemProperty#INPUT_NAME}). The future completes when the hub has confirmed the subscription. Calling it again replaces the
     * handler.
     */
    CompletionStage<Void> onMessage(MessageHandler handler);

    /**
     * Reads the twin.
     *
     * @return fails with an {@link UpstreamException} not later than {@link UpstreamOptions#operationTimeout} from now
     */
    CompletionStage<Twin> twin();

    /**
     * Merges {@code patch} into the reported properties.
     *
     * @param patch a JSON object; a member that is null is removed (RFC 7396)
     * @return the new version of the reported properties if the hub tells it, else 0; fails with a {@link MessageException} if the patch is no
     *     JSON object or the hub does not accept it, and not later than {@link UpstreamOptions#operationTimeout} from now
     */
    CompletionStage<Long> report(String patch);

    /** As {@link #report(String)}, if the reported properties still have {@code version}; else {@link FailureKind#VERSION_MISMATCH}. */
    CompletionStage<Long> report(String patch, long version);

    /**
     * Receives changes of the desired properties from now on, in order. The future completes when the hub has confirmed; read the {@link
     * #twin} after that, and drop changes that are not newer. Calling it again replaces the handler.
     */
    CompletionStage<Void> onDesiredChange(Consumer<DesiredChange> handler);

    /**
     * Answers direct methods from now on. The future completes when the hub has confirmed. Calling it again replaces the handler.
     */
    CompletionStage<Void> onMethod(MethodHandler handler);

    /** The latest status; never blocks. */
    SessionStatus status();

    /** What has happened in this session until now; never blocks. */
    SessionStatistics statistics();

    /** Tells {@code listener} the present status and each later one, in order. */
    void onStatus(Consumer<SessionStatus> listener);

    /** Tells {@code listener} of each {@link Gap} when it is over, after the status {@link Phase#CONNECTED}. */
    void onGap(Consumer<Gap> listener);

    /**
     * Lets sends that are under way finish for at most {@code drain}, says goodbye to the hub and releases everything. Idempotent:
     * always the same stage, which never fails and completes not later than {@code drain} + 5 s. What is not settled by then
     * fails with {@link FailureKind#CLOSED}.
     */
    CompletionStage<Void> close(Duration drain);

    /** {@link #close(Duration)} with {@link UpstreamOptions#closeTimeout}, waiting for it unless called on a thread of the runtime. */
    @Override
    void close();
}
