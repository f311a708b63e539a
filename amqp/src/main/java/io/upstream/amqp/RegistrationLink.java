// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.Registration;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.AmqpWriter;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.provisioning.Refusal;
import io.upstream.provisioning.ServiceAnswer;
import io.upstream.provisioning.ServiceLink;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Two links to the provisioning service, one each way: requests and answers find each other by correlation id. Refusals come as rejected
 * messages whose error holds the service's own. Confined to the event loop.
 */
final class RegistrationLink implements ServiceLink, Members.Member {
    private static final int CREDIT = 5;
    private static final String OPERATION = "iotdps-operation-type";
    private static final String OPERATION_ID = "iotdps-operation-id";
    private static final String RETRY_AFTER = "retry-after";

    private final AmqpConnection connection;
    private final Where where;
    private final Registration registration;
    private final EngineSender sender;
    private final EngineReceiver receiver;
    private final CompletableFuture<Void> attached = new CompletableFuture<>();
    private int toAttach = 2;
    private String correlation = "";
    private byte @Nullable [] waiting;
    private @Nullable UpstreamException lost;
    private @Nullable Listener listener;

    /** Attaches; does not wait for the service. */
    RegistrationLink(
            AmqpConnection connection,
            Where where,
            Registration registration,
            String address,
            Map<String, String> properties) {
        this.connection = connection;
        this.where = where;
        this.registration = registration;
        connection.members().join(this);
        EngineSession session = connection.engine().begin(this::ended);
        sender = session.sender(terms("sender", address, properties), new Requests());
        receiver = session.receiver(terms("receiver", address, properties), new Answers());
        connection.flushSoon();
    }

    private static LinkTerms terms(String direction, String address, Map<String, String> properties) {
        return new LinkTerms(HubAddresses.linkName("registration-" + direction), address, properties, MAX_ANSWER_BYTES);
    }

    /** Completes when requests can be sent. */
    CompletionStage<Void> whenAttached() {
        return attached;
    }

    @Override
    public void listen(Listener told) {
        listener = told;
        if (lost != null) {
            told.lost(lost);
        }
    }

    @Override
    public void register(byte[] request) {
        send(Map.of(OPERATION, "iotdps-register"), request);
    }

    @Override
    public void query(String operationId) {
        Map<String, String> operation = new LinkedHashMap<>();
        operation.put(OPERATION, "iotdps-get-operationstatus");
        operation.put(OPERATION_ID, operationId);
        send(operation, null);
    }

    private void send(Map<String, String> operation, byte @Nullable [] body) {
        correlation = UUID.randomUUID().toString();
        waiting = encode(correlation, operation, body);
        pump();
        connection.flushSoon();
    }

    /** The service looks at the application properties first; a message without a body would be none. */
    private static byte[] encode(String correlation, Map<String, String> operation, byte @Nullable [] body) {
        ByteBuf out = Unpooled.buffer(512);
        AmqpWriter.section(out, MessageSections.PROPERTIES);
        int mark = AmqpWriter.beginList(out, InboundMessage.CORRELATION_ID + 1);
        for (int i = 0; i < InboundMessage.CORRELATION_ID; i++) {
            AmqpWriter.nothing(out);
        }
        AmqpWriter.string(out, correlation);
        AmqpWriter.endCompound(out, mark);
        AmqpWriter.section(out, MessageSections.APPLICATION);
        AmqpWriter.map(out, operation, AmqpWriter.Keys.STRINGS);
        if (body == null) {
            AmqpWriter.section(out, MessageSections.VALUE);
            AmqpWriter.string(out, "");
        } else {
            AmqpWriter.section(out, MessageSections.DATA);
            AmqpWriter.binaryLength(out, body.length);
            out.writeBytes(body);
        }
        return ByteBufUtil.getBytes(out);
    }

    private void pump() {
        byte[] next = waiting;
        if (next != null && sender.credit() > 0) {
            waiting = null;
            sender.send(next, null, correlation);
        }
    }

    @Override
    public void close() {
        lost = lost == null ? connection.lostCause() : lost;
        connection.members().leave(this);
        connection.close();
    }

    @Override
    public void connectionLost(UpstreamException cause) {
        lose(cause);
    }

    /** Never asked for: requests are few and short. */
    @Override
    public void writable() {}

    private void ended(@Nullable PeerError error) {
        lose(failure(error, "closed the session of the registration"));
    }

    /** The first cause is the one that counts. */
    private void lose(UpstreamException cause) {
        if (lost != null) {
            return;
        }
        lost = cause;
        attached.completeExceptionally(cause);
        if (listener != null) {
            listener.lost(cause);
        }
    }

    private void attachedOne() {
        toAttach--;
        if (toAttach == 0) {
            receiver.credit(CREDIT);
            attached.complete(null);
        }
        pump();
    }

    /** The service's own error, if the description holds one. */
    private @Nullable ServiceAnswer refusal(@Nullable PeerError error) {
        if (error == null) {
            return null;
        }
        byte[] json = error.description().getBytes(StandardCharsets.UTF_8);
        int status = Refusal.status(json);
        String retryAfter = InboundMessage.text(error.info().get(RETRY_AFTER));
        return status == 0 ? null : new ServiceAnswer(status, ServiceAnswer.seconds(retryAfter), json);
    }

    private UpstreamException failure(@Nullable PeerError error, String what) {
        ServiceAnswer refusal = refusal(error);
        if (refusal != null) {
            return Refusal.of(where, registration, refusal);
        }
        return Conditions.failure(error, where, what, FailureKind.CLOSED_BY_PEER);
    }

    private final class Requests implements SenderEvents {
        @Override
        public void attached() {
            attachedOne();
        }

        @Override
        public void credited() {
            pump();
        }

        /** That the service has taken it says nothing yet: the answer does. */
        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            if (outcome == Outcome.ACCEPTED || outcome == Outcome.UNKNOWN || !correlation.equals(tag)) {
                return;
            }
            ServiceAnswer refusal = refusal(error);
            if (refusal == null) {
                lose(Conditions.failure(error, where, "did not take the registration", FailureKind.SERVER_ERROR));
            } else if (listener != null) {
                listener.answered(refusal);
            }
        }

        @Override
        public void detached(@Nullable PeerError error) {
            lose(failure(error, "closed the links of the registration"));
        }
    }

    private final class Answers implements ReceiverEvents {
        @Override
        public void attached() {
            attachedOne();
        }

        @Override
        public void delivered(long delivery, MessageBytes bytes) {
            receiver.settle(delivery, Outcome.ACCEPTED);
            receiver.credit(1);
            if (listener == null || lost != null) {
                return;
            }
            ServiceMessage message;
            try {
                message = ServiceMessage.read(bytes.copy());
            } catch (MalformedMessageException e) {
                lose(UpstreamException.of(
                        FailureKind.PROTOCOL,
                        where,
                        where.hop() + " sent a message that cannot be read (" + e.getMessage() + ")"));
                return;
            }
            String asked = message.correlationText();
            if (asked == null || asked.equals(correlation)) {
                listener.answered(
                        new ServiceAnswer(200, ServiceAnswer.seconds(message.property(RETRY_AFTER)), message.body()));
            }
        }

        @Override
        public void detached(@Nullable PeerError error) {
            lose(failure(error, "closed the links of the registration"));
        }
    }
}
