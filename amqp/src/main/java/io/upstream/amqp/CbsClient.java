// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.AmqpEngine;
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
import io.upstream.connect.Failures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Presents tokens on a connection (AMQP claims-based security): one pair of links to {@code $cbs}, requests and replies matched by id.
 * Confined to the event loop. Whoever gives up completes his future: the request is forgotten then.
 */
final class CbsClient {
    /** The hub drops connections with more of them under way. */
    static final int MAX_IN_FLIGHT = 30;

    private static final int REPLY_CREDIT = 100;
    private static final int MAX_REPLY_BYTES = 65_536;
    private static final Logger log = LoggerFactory.getLogger(CbsClient.class);

    private final Where where;
    private final EngineSession session;
    private final EngineSender requests;
    private final EngineReceiver replies;
    private final ArrayDeque<Request> waiting = new ArrayDeque<>();
    private final Map<String, Request> inFlight = new LinkedHashMap<>();
    private boolean repliesAttached;
    private long answers;
    private @Nullable UpstreamException ended;

    private record Request(String id, String audience, SasToken token, CompletableFuture<Void> outcome) {}

    /** Attaches the links; does not wait for them. */
    CbsClient(AmqpEngine engine, Where where, Map<String, String> linkProperties) {
        this.where = where;
        session = engine.begin(error -> end(lost(error)));
        requests = session.sender(terms("cbs-sender", linkProperties), new RequestEvents());
        replies = session.receiver(terms("cbs-receiver", linkProperties), new ReplyEvents());
    }

    private static LinkTerms terms(String name, Map<String, String> properties) {
        return new LinkTerms(HubAddresses.linkName(name), HubAddresses.CBS, properties, MAX_REPLY_BYTES);
    }

    /** Whether its links are gone: another one must be made. */
    boolean isOver() {
        return ended != null;
    }

    /** Presents a token; the future has no deadline of its own and completes on the event loop. */
    CompletableFuture<Void> put(String audience, SasToken token) {
        CompletableFuture<Void> outcome = new CompletableFuture<>();
        if (ended != null) {
            outcome.completeExceptionally(ended);
            return outcome;
        }
        Request request = new Request(UUID.randomUUID().toString(), audience, token, outcome);
        waiting.add(request);
        outcome.whenComplete((done, error) -> {
            waiting.remove(request);
            if (inFlight.remove(request.id()) != null) {
                pump();
            }
        });
        pump();
        return outcome;
    }

    /** How many have been answered. */
    long answers() {
        return answers;
    }

    /** Fails all requests. */
    void end(UpstreamException cause) {
        if (ended != null) {
            return;
        }
        ended = cause;
        session.end();
        List<Request> all = new ArrayList<>(inFlight.values());
        all.addAll(waiting);
        all.forEach(request -> request.outcome().completeExceptionally(cause));
    }

    private void pump() {
        while (ended == null
                && repliesAttached
                && inFlight.size() < MAX_IN_FLIGHT
                && requests.credit() > 0
                && !waiting.isEmpty()) {
            Request request = waiting.remove();
            inFlight.put(request.id(), request);
            requests.send(encode(request), null, request);
        }
    }

    private static byte[] encode(Request request) {
        ByteBuf out = Unpooled.buffer(512);
        AmqpWriter.section(out, TelemetryEncoder.PROPERTIES);
        int mark = AmqpWriter.beginList(out, 5);
        AmqpWriter.string(out, request.id());
        AmqpWriter.nothing(out); // user-id
        AmqpWriter.string(out, HubAddresses.CBS);
        AmqpWriter.nothing(out); // subject
        AmqpWriter.string(out, "cbs"); // reply-to
        AmqpWriter.endCompound(out, mark);
        AmqpWriter.section(out, TelemetryEncoder.APPLICATION_PROPERTIES);
        Map<String, String> operation = new LinkedHashMap<>();
        operation.put("operation", "put-token");
        operation.put("type", "servicebus.windows.net:sastoken");
        operation.put("name", request.audience());
        AmqpWriter.map(out, operation, AmqpWriter.Keys.STRINGS);
        AmqpWriter.section(out, TelemetryEncoder.AMQP_VALUE);
        AmqpWriter.string(out, request.token().text());
        return ByteBufUtil.getBytes(out);
    }

    private void taken(Request request, Outcome outcome, @Nullable PeerError error) {
        if (outcome != Outcome.ACCEPTED) {
            request.outcome()
                    .completeExceptionally(
                            Conditions.failure(error, where, "did not take the token", FailureKind.SERVER_ERROR));
        }
    }

    private void answered(MessageBytes reply) {
        InboundMessage message;
        try {
            message = InboundMessage.read(reply.copy());
        } catch (MalformedMessageException e) {
            log.warn("{} sent a reply on $cbs that cannot be read: {}", where.hop(), e.getMessage());
            return; // whoever waits for it has a deadline
        }
        Request request = inFlight.get(message.property(InboundMessage.CORRELATION_ID));
        if (request == null) {
            return; // its sender has given up
        }
        answers++;
        int code = status(message.application());
        if (code >= 200 && code <= 299) {
            request.outcome().complete(null);
        } else {
            request.outcome().completeExceptionally(refusal(code, message));
        }
    }

    /** Spelled in one of two ways; 0 if in neither. */
    private static int status(Map<?, ?> application) {
        Object status = application.get("status-code");
        if (status == null) {
            status = application.get("statusCode");
        }
        return status instanceof Long number ? number.intValue() : 0;
    }

    private UpstreamException refusal(int code, InboundMessage message) {
        FailureKind kind = kind(code);
        String description = InboundMessage.text(message.application().get("status-description"));
        return UpstreamException.of(
                kind,
                where,
                where.hop() + " answered the token with status " + code
                        + (description == null ? "" : " (" + Failures.printable(description) + ")")
                        + Conditions.remedy(kind));
    }

    /** As for HTTP. */
    static FailureKind kind(int statusCode) {
        return switch (statusCode) {
            case 401 -> FailureKind.UNAUTHORIZED;
            case 403 -> FailureKind.QUOTA;
            case 404 -> FailureKind.NOT_FOUND;
            case 429 -> FailureKind.THROTTLED;
            default -> statusCode >= 400 && statusCode < 500 ? FailureKind.PROTOCOL : FailureKind.SERVER_ERROR;
        };
    }

    private UpstreamException lost(@Nullable PeerError error) {
        return Conditions.failure(error, where, "closed its token service", FailureKind.CLOSED_BY_PEER);
    }

    private final class RequestEvents implements SenderEvents {
        @Override
        public void attached() {
            pump();
        }

        @Override
        public void credited() {
            pump();
        }

        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            taken((Request) tag, outcome, error);
        }

        @Override
        public void detached(@Nullable PeerError error) {
            end(lost(error));
        }
    }

    private final class ReplyEvents implements ReceiverEvents {
        @Override
        public void attached() {
            repliesAttached = true;
            replies.credit(REPLY_CREDIT);
            pump();
        }

        @Override
        public void delivered(long delivery, MessageBytes message) {
            replies.settle(delivery, Outcome.ACCEPTED);
            replies.credit(1);
            answered(message);
        }

        @Override
        public void detached(@Nullable PeerError error) {
            end(lost(error));
        }
    }
}
