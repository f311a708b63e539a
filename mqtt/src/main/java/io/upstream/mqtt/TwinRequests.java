// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.session.Inquiries;
import io.upstream.session.TwinDocument;
import io.upstream.session.TwinStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What a session asks of its twin, and the hub's answers. The answers are subscribed to before the first question leaves. Confined to the
 * event loop; what an answer holds is read where the application's callbacks run.
 */
final class TwinRequests {
    private static final String GET = "$iothub/twin/GET/?$rid=";
    private static final String PATCH = "$iothub/twin/PATCH/properties/reported/?$rid=";
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Inquiries<Answer> inquiries;
    private final Subscriptions subscriptions;
    private final Where where;
    private final HubOutlet outlet;

    /** Asks nothing yet. */
    TwinRequests(SessionSetup setup, EventLoop loop, Where where, Subscriptions subscriptions, HubOutlet outlet) {
        this.inquiries =
                new Inquiries<>(loop, setup.callbacks(), setup.options().operationTimeout(), where);
        this.subscriptions = subscriptions;
        this.where = where;
        this.outlet = outlet;
    }

    /**
     * What is asked; its topic is {@code head}, the id that it gets, and {@code tail}.
     *
     * @param what for errors, as in "the request for the twin"
     */
    private record Question(String what, String head, String tail, ByteBuffer payload) {}

    @SuppressWarnings("ArrayRecordComponent") // answers are never compared
    private record Answer(HubTopic topic, byte[] payload) {}

    @FunctionalInterface
    private interface Reading<T> {
        T read(Answer answer) throws IOException;
    }

    /** Reads the twin. */
    void get(CompletableFuture<Twin> outcome) {
        Question question = new Question("the request for the twin", GET, "", NOTHING);
        ask(question, outcome, TwinRequests::twin);
    }

    /**
     * Changes the reported properties.
     *
     * @param patch as {@link TwinDocument#patch} gives it
     * @param base the version that they must have, or null
     */
    void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        String tail = base == null ? "" : "&$version=" + base;
        ask(new Question("the patch of the twin", PATCH, tail, ByteBuffer.wrap(patch)), outcome, TwinRequests::version);
    }

    /** The hub's answer; nothing happens if nobody waits for it any more. */
    void answered(HubTopic topic, PublishView message) {
        if (inquiries.isOpen(topic.rid())) {
            inquiries.answer(topic.rid(), new Answer(topic, message.payloadBytes()));
        }
    }

    /** Whether nothing is unanswered. */
    boolean isIdle() {
        return inquiries.isIdle();
    }

    /** Fails all that is unanswered. */
    void end(UpstreamException cause) {
        inquiries.end(cause);
    }

    private <T> void ask(Question question, CompletableFuture<T> outcome, Reading<T> reading) {
        CompletableFuture<Answer> answered = new CompletableFuture<>();
        answered.whenComplete((answer, error) -> {
            if (answer == null) {
                outcome.completeExceptionally(error);
            } else {
                conclude(question, answer, outcome, reading);
            }
        });
        inquiries.ask(
                question.what(),
                answered,
                id -> subscriptions.await(Filter.TWIN_ANSWERS, refusal -> {
                    if (refusal != null) {
                        inquiries.refuse(id, refusal);
                    } else if (inquiries.isOpen(id)) { // it may have waited for too long meanwhile
                        outlet.publish(question.head() + id + question.tail(), question.payload());
                    }
                }));
    }

    /** With the application's callbacks: a twin can be long. */
    private <T> void conclude(Question question, Answer answer, CompletableFuture<T> outcome, Reading<T> reading) {
        int status = answer.topic().status();
        if (status >= 0 && !TwinStatus.isGood(status)) {
            String detail = TwinDocument.message(answer.payload());
            outcome.completeExceptionally(TwinStatus.refusal(where, question.what(), status, detail));
            return;
        }
        try {
            outcome.complete(reading.read(answer));
        } catch (IOException | RuntimeException e) { // without it as the cause: it may show what stands in the twin
            outcome.completeExceptionally(UpstreamException.of(
                    FailureKind.PROTOCOL,
                    where,
                    where.hop() + " answered " + question.what()
                            + " with something that cannot be read: check what answers on that port"));
        }
    }

    private static Twin twin(Answer answer) throws IOException {
        require(answer.topic().status() >= 0);
        return TwinDocument.read(answer.payload());
    }

    private static Long version(Answer answer) throws IOException {
        require(answer.topic().status() >= 0 && answer.topic().version() >= 0);
        return answer.topic().version();
    }

    private static void require(boolean holds) throws IOException {
        if (!holds) {
            throw new IOException("no number where one belongs");
        }
    }
}
