// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.Reconnect;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.amqp.engine.Opening;
import io.upstream.session.Callbacks;
import io.upstream.session.LastingSession;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import io.upstream.session.TokenSource;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Properties;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** Another's engine as the hub, on the other end of an embedded channel, with a clock that stands until it is moved. */
final class ScriptedPeer implements AutoCloseable {
    private static final byte[] EMPTY_FRAME = {0, 0, 0, 8, 2, 0, 0, 0};

    final List<Delivery> telemetry = new ArrayList<>();
    final List<byte[]> telemetryBytes = new ArrayList<>();
    final List<Message> tokens = new ArrayList<>();
    final List<Sender> cloudLinks = new ArrayList<>();

    /** Of links for twins and methods, the latest last: what they are, and the messages that came on them. */
    final List<Link> serviceLinks = new ArrayList<>();

    final List<Message> requests = new ArrayList<>();

    final Connection connection = Proton.connection();
    /** Where the application's code runs. */
    volatile Executor callbacks = Runnable::run;

    final UpstreamRuntime runtime = UpstreamRuntime.builder()
            .callbacks(piece -> callbacks.execute(piece))
            .build();
    final EmbeddedChannel channel;
    final AmqpConnection client;

    /** What telemetry links are given; what the hub answers to a token, 0 for nothing; why links are refused, null if they are not. */
    int credit = 1_000;

    int tokenStatus = 200;

    /** What becomes of messages to twins and methods, and what they may have. */
    DeliveryState requestOutcome = Accepted.getInstance();

    int requestCredit = 1_000;
    long requestMaxSize = 1 << 20;

    /** Whether links for twins and methods are answered at all. */
    boolean attachesServices = true;

    /** Likewise links for cloud-to-device messages. */
    boolean attachesCloud = true;

    /** Likewise those for telemetry. */
    boolean attachesTelemetry = true;

    /** Likewise links to the token service. */
    boolean attachesTokens = true;

    Credentials credentials = SasToken.of("SharedAccessSignature sr=hub.test%2Fdevices%2Fd&sig=x&se=1");

    @Nullable
    String refusal;

    /** As {@link #refusal}, of links for cloud-to-device messages only; and how many were. */
    @Nullable
    String cloudRefusal;

    int cloudRefusals;

    /** Whether what is opened comes back when it is lost. */
    Reconnect reconnect = Reconnect.NEVER;

    /** Who sits on the connection. */
    final ConnectionTable table;

    /** Learns from the end of the connection. */
    final Pace pace = new Pace(UpstreamOptions.forHub("hub.test").build(), () -> 0L);

    private final MockTicker ticker = Ticker.newMockTicker();
    private final Transport transport = Proton.transport();
    private final Collector collector = Proton.collector();
    private int tags;
    private @Nullable Sender tokenReplies;
    private @Nullable Receiver telemetryLink;

    ScriptedPeer() {
        this(1 << 20);
    }

    /** Takes no more sessions than {@code identities} and the token service need. */
    static ScriptedPeer ofAtMost(int identities) {
        return new ScriptedPeer(1 << 20, identities);
    }

    /** Takes no longer frames than {@code maxFrameSize}. */
    ScriptedPeer(int maxFrameSize) {
        this(maxFrameSize, 65_535);
    }

    private ScriptedPeer(int maxFrameSize, int channelMax) {
        transport.setMaxFrameSize(maxFrameSize);
        transport.setChannelMax(channelMax);
        Sasl sasl = transport.sasl();
        sasl.server();
        sasl.setMechanisms("ANONYMOUS");
        sasl.done(Sasl.SaslOutcome.PN_SASL_OK);
        transport.setIdleTimeout(240_000 * 2);
        connection.collect(collector);
        transport.bind(connection);
        ticker.advance(1, TimeUnit.SECONDS);
        client = new AmqpConnection(
                new Opening(Opening.Login.ANONYMOUS, "test", "hub.test", Duration.ofSeconds(60), Duration.ofMinutes(4)),
                Map.of("com.microsoft:api-version", "2021-04-12"),
                new Where("amqp", "hub hub.test:5671"),
                ticker::nanoTime,
                pace);
        channel = EmbeddedChannel.builder().ticker(ticker).handlers(client).build();
        table = new ConnectionTable((loop, login) -> dialled(), channel::eventLoop, Reconnect.NEVER, 1_000);
        table.take(credentials); // somebody else's: the connection outlives the sessions of a test
        exchange();
    }

    /** An attempt that gives this connection, as long as it lasts. */
    Dialler.Dialling dialled() {
        return new Only();
    }

    private final class Only implements Dialler.Dialling {
        @Override
        public CompletionStage<AmqpConnection> outcome() {
            return client.isOpen()
                    ? CompletableFuture.completedFuture(client)
                    : CompletableFuture.failedFuture(client.lostCause());
        }

        @Override
        public void abort(UpstreamException reason) {
            // it has its outcome already
        }
    }

    CompletableFuture<UpstreamSession> opening() {
        return opening(table, channel.eventLoop());
    }

    /** Of a session that sits elsewhere, too, in the course of time. */
    CompletableFuture<UpstreamSession> opening(ConnectionTable seats, EventLoop loop) {
        Identity identity = Identity.device("d");
        UpstreamOptions options = UpstreamOptions.forHub("hub.test")
                .connectTimeout(Duration.ofSeconds(30))
                .operationTimeout(Duration.ofSeconds(20))
                .reconnect(reconnect)
                .build();
        SessionTerms terms = new SessionTerms(
                identity, UpstreamProtocol.AMQP, true, options, runtime, loop, new Callbacks(runtime.callbacks()));
        TokenSource tokens = new TokenSource(credentials, "hub.test", identity, runtime, Runnable::run);
        LineTerms line = new LineTerms(terms, tokens, HubAddresses.telemetry(identity));
        AmqpSeat seat = new AmqpSeat(line, seats, seats.take(credentials), gone -> {});
        CompletableFuture<UpstreamSession> opened =
                new LastingSession(terms, seat).open().toCompletableFuture();
        exchange();
        return opened;
    }

    UpstreamSession open() {
        return opening().join();
    }

    /** Moves bytes both ways until nobody has more to say. */
    void exchange() {
        boolean moved = true;
        while (moved) {
            channel.runPendingTasks();
            channel.runScheduledPendingTasks();
            channel.runPendingTasks(); // what timers have put off to the next turn
            boolean heard = toPeer();
            moved = toClient() || heard;
        }
    }

    void pass(Duration time) {
        ticker.advance(time.toNanos(), TimeUnit.NANOSECONDS);
        exchange();
    }

    /** Has the client read what the peer has said so far, and the peer read nothing yet. */
    void flush() {
        toClient();
    }

    /** Lets time pass in which the peer says no more than that it is there. */
    void passAlive(Duration time) {
        for (long left = time.toSeconds(); left > 0; left -= 30) {
            pass(Duration.ofSeconds(Math.min(left, 30)));
            channel.writeInbound(Unpooled.wrappedBuffer(EMPTY_FRAME));
        }
    }

    private boolean toPeer() {
        boolean moved = false;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            while (out.isReadable() && transport.capacity() > 0) {
                ByteBuffer tail = transport.tail();
                tail.limit(tail.position() + Math.min(tail.remaining(), out.readableBytes()));
                out.readBytes(tail);
                transport.process();
            }
            out.release();
            moved = true;
        }
        for (Event event = collector.peek(); event != null; event = collector.peek()) {
            handle(event);
            collector.pop();
        }
        return moved;
    }

    private boolean toClient() {
        int pending = transport.pending();
        if (pending <= 0 || !channel.isOpen()) {
            return false;
        }
        ByteBuf in = Unpooled.buffer(pending).writeBytes(transport.head());
        transport.pop(pending);
        channel.writeInbound(in);
        return true;
    }

    private void handle(Event event) {
        switch (event.getType()) {
            case CONNECTION_REMOTE_OPEN -> connection.open();
            case CONNECTION_REMOTE_CLOSE -> connection.close();
            case SESSION_REMOTE_OPEN -> event.getSession().open();
            case SESSION_REMOTE_CLOSE -> event.getSession().close();
            case LINK_REMOTE_OPEN -> attach(event.getLink());
            case LINK_REMOTE_CLOSE -> event.getLink().close();
            case DELIVERY -> delivery(event.getDelivery());
            default -> {}
        }
    }

    private void attach(Link link) {
        String address = link instanceof Receiver
                ? link.getRemoteTarget().getAddress()
                : link.getRemoteSource().getAddress();
        boolean cbs = "$cbs".equals(address);
        boolean service = address.endsWith("/twin") || address.endsWith("/methods/devicebound");
        boolean cloud = address.endsWith("/messages/devicebound");
        boolean telemetry = !service && !cloud && !cbs;
        if ((service && !attachesServices)
                || (cloud && !attachesCloud)
                || (cbs && !attachesTokens)
                || (telemetry && !attachesTelemetry)) {
            return;
        }
        if (refusal != null && !cbs) {
            link.open(); // without a terminus
            detach(link, refusal);
            return;
        }
        if (cloudRefusal != null && cloud) {
            cloudRefusals++;
            link.open();
            detach(link, cloudRefusal);
            return;
        }
        link.setSource(link.getRemoteSource());
        link.setTarget(link.getRemoteTarget());
        if (service) {
            link.setMaxMessageSize(UnsignedLong.valueOf(requestMaxSize));
        }
        link.open();
        if (service) {
            serviceLinks.add(link);
            if (link instanceof Receiver receiver) {
                receiver.flow(requestCredit);
            }
        } else if (cbs && link instanceof Sender sender) {
            tokenReplies = sender;
        } else if (cbs) {
            ((Receiver) link).flow(100);
        } else if (link instanceof Receiver receiver) {
            telemetryLink = receiver;
            receiver.flow(credit);
        } else if (link instanceof Sender sender) {
            cloudLinks.add(sender);
        }
    }

    void detach(Link link, String condition) {
        link.setCondition(new ErrorCondition(Symbol.valueOf(condition), "because"));
        link.close();
    }

    Receiver telemetryLink() {
        if (telemetryLink == null) {
            throw new AssertionError("no telemetry link is attached");
        }
        return telemetryLink;
    }

    private void delivery(Delivery delivery) {
        if (!(delivery.getLink() instanceof Receiver receiver) || delivery.isPartial() || delivery.isSettled()) {
            return;
        }
        for (Delivery each = receiver.current(); each != null; each = receiver.current()) {
            byte[] bytes = new byte[each.pending()];
            receiver.recv(bytes, 0, bytes.length);
            receiver.advance();
            if (receiver == telemetryLink) {
                telemetry.add(each);
                telemetryBytes.add(bytes);
            } else if (serviceLinks.contains(receiver)) {
                settle(each, requestOutcome);
                Message request = Proton.message();
                request.decode(bytes, 0, bytes.length);
                requests.add(request);
            } else {
                each.disposition(Accepted.getInstance());
                each.settle();
                Message token = Proton.message();
                token.decode(bytes, 0, bytes.length);
                tokens.add(token);
                if (tokenStatus != 0) {
                    answer(token, tokenStatus);
                }
            }
        }
    }

    void answer(Message token, int status) {
        reply(token.getMessageId(), Map.of("status-code", status, "status-description", "as told"));
    }

    void reply(Object correlation, Map<String, Object> application) {
        Message reply = Proton.message();
        Properties properties = new Properties();
        properties.setCorrelationId(correlation);
        reply.setProperties(properties);
        reply.setApplicationProperties(new ApplicationProperties(application));
        send(tokenReplies, reply);
    }

    /** On the latest link of a service. */
    void sendToService(Message message) {
        Sender link = null;
        for (Link each : serviceLinks) {
            link = each instanceof Sender sender ? sender : link;
        }
        send(link, message);
    }

    void send(@Nullable Sender link, Message message) {
        if (link == null) {
            throw new AssertionError("the link is not attached");
        }
        byte[] bytes = new byte[200_000];
        int length = message.encode(bytes, 0, bytes.length);
        link.delivery(("t" + tags++).getBytes(StandardCharsets.US_ASCII));
        link.send(bytes, 0, length);
        link.advance();
    }

    void settle(Delivery delivery, DeliveryState state) {
        delivery.disposition(state);
        delivery.settle();
    }

    boolean sawEnd() {
        return telemetryLink().getSession().getRemoteState() == EndpointState.CLOSED;
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
        runtime.close();
    }
}
