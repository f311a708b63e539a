// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttConnectPayload;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttConnectVariableHeader;
import io.netty.handler.codec.mqtt.MqttIdentifierRejectedException;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttUnacceptableProtocolVersionException;
import io.netty.util.concurrent.Future;
import io.upstream.emulator.hub.Ending;
import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.server.Cut;
import io.upstream.emulator.server.PeerCertificates;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Waits for the first packet, which must be CONNECT, and lets a {@link SessionHandler} take its place. */
final class ConnectHandler extends SimpleChannelInboundHandler<MqttMessage> {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectHandler.class);
    /** How long the device gateway waits for the first packet. */
    private static final int CONNECT_SECONDS = 60;

    private static final String PROTOCOL = "MQTT";
    private static final String MODEL_ID = "model-id";
    private static final int LEVEL = 4;

    private final Hub hub;
    private final Clock clock;
    private final StoredSessions sessions;
    private @Nullable Future<?> deadline;
    private Phase phase = Phase.WAITING;

    private enum Phase {
        WAITING,
        DONE
    }

    ConnectHandler(Hub hub, Clock clock, StoredSessions sessions) {
        this.hub = hub;
        this.clock = clock;
        this.sessions = sessions;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        deadline = ctx.executor().schedule(() -> ctx.close(), CONNECT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        cancelDeadline();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        cancelDeadline();
        ctx.fireChannelInactive();
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, MqttMessage message) {
        if (phase == Phase.DONE) {
            return; // refused already, what was pipelined behind counts for nothing
        }
        phase = Phase.DONE;
        if (message.decoderResult().isFailure()) {
            refuseUndecodable(ctx, message.decoderResult().cause());
        } else if (message instanceof MqttConnectMessage connect) {
            connect(ctx, connect);
        } else {
            LOG.debug(
                    "{} begins with {} instead of CONNECT",
                    ctx.channel(),
                    message.fixedHeader().messageType());
            ctx.close();
        }
    }

    private static void refuseUndecodable(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof MqttUnacceptableProtocolVersionException) {
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_UNACCEPTABLE_PROTOCOL_VERSION);
        } else if (cause instanceof MqttIdentifierRejectedException) {
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_IDENTIFIER_REJECTED);
        } else {
            LOG.debug("{} begins with a packet that is not MQTT: {}", ctx.channel(), String.valueOf(cause));
            ctx.close();
        }
    }

    private void connect(ChannelHandlerContext ctx, MqttConnectMessage connect) {
        MqttConnectVariableHeader header = connect.variableHeader();
        if (!header.name().equals(PROTOCOL) || header.version() != LEVEL) {
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_UNACCEPTABLE_PROTOCOL_VERSION);
            return;
        }
        try {
            UserName userName = userName(connect);
            HubIdentity identity = userName.identity();
            Topics topics = new Topics(identity);
            Will will = Will.of(connect, topics);
            Instant end = authorize(ctx, identity, connect.payload());
            Ending fault = hub.ending(identity);
            if (fault != null) {
                refuse(ctx, fault);
                return;
            }
            String modelId = userName.parameters().get(MODEL_ID);
            if (modelId != null) {
                hub.followModel(identity, modelId);
            }
            begin(ctx, identity, topics, will, header, end);
        } catch (HubException e) {
            LOG.debug("{} refused: {} {}", ctx.channel(), e.error(), e.getMessage());
            if (e.error() == HubError.MALFORMED) {
                ctx.close(); // the will, for which there is no code
            } else {
                refuse(ctx, code(e.error()));
            }
        }
    }

    private static MqttConnectReturnCode code(HubError error) {
        return switch (error) {
            case INTERNAL, THROTTLED, QUOTA_EXCEEDED -> MqttConnectReturnCode.CONNECTION_REFUSED_SERVER_UNAVAILABLE;
            default -> MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED;
        };
    }

    private UserName userName(MqttConnectMessage connect) throws HubException {
        String text = connect.payload().userName();
        if (text == null) {
            throw new HubException(HubError.UNAUTHORIZED, "there is no user name");
        }
        UserName userName = UserName.parse(text);
        if (!userName.hostName().equalsIgnoreCase(hub.hostName())) {
            throw new HubException(HubError.UNAUTHORIZED, "the user name is for another hub");
        }
        if (!connect.payload().clientIdentifier().equals(userName.identity().toString())) {
            throw new HubException(HubError.UNAUTHORIZED, "the client id is not the identity of the user name");
        }
        return userName;
    }

    /** Without a password the client certificate must speak for the identity. */
    private Instant authorize(ChannelHandlerContext ctx, HubIdentity identity, MqttConnectPayload payload)
            throws HubException {
        byte[] password = payload.passwordInBytes();
        return password == null || password.length == 0
                ? hub.authorize(identity, PeerCertificates.of(ctx.channel()))
                : hub.authorize(identity, new String(password, StandardCharsets.UTF_8));
    }

    private void begin(
            ChannelHandlerContext ctx,
            HubIdentity identity,
            Topics topics,
            @Nullable Will will,
            MqttConnectVariableHeader header,
            Instant end) {
        Hub.Presence presence = hub.connect(identity, PROTOCOL, why -> end(ctx, why));
        boolean afresh = header.isCleanSession() || hub.suffers(identity, FaultKind.FORGOTTEN_SESSION);
        StoredSession kept = afresh ? null : sessions.resume(identity);
        StoredSession session = kept == null ? sessions.begin(identity, header.isCleanSession()) : kept;
        LOG.debug("{} is {}, clean session {}", ctx.channel(), identity, header.isCleanSession());
        TwinDesk twin = new TwinDesk(hub, identity, session);
        MethodDesk methods = new MethodDesk(hub, identity);
        SessionHandler handler = new SessionHandler(
                topics,
                new Feeds(hub, identity, topics, session, twin, methods),
                new Inbox(new TelemetryInbox(hub, identity, topics, will), twin, methods),
                presence,
                new Lifetime(clock, end, header.keepAliveTimeSeconds()));
        ctx.write(MqttMessageBuilders.connAck()
                .returnCode(MqttConnectReturnCode.CONNECTION_ACCEPTED)
                .sessionPresent(kept != null)
                .build());
        ctx.pipeline().replace(this, null, handler);
    }

    /** Whatever is ended, MQTT has but the connection. */
    private static void end(ChannelHandlerContext ctx, Ending why) {
        LOG.debug("{} is ended: {}", ctx.channel(), why);
        // A turn later: it can be the consequence of what is being read.
        ctx.channel().eventLoop().execute(() -> {
            if (why == Ending.TCP) {
                Cut.cut(ctx.channel());
            } else {
                ctx.channel().close();
            }
        });
    }

    /** What was ended by a fault stays down while the fault lasts. */
    private static void refuse(ChannelHandlerContext ctx, Ending fault) {
        if (fault == Ending.TCP) {
            Cut.cut(ctx.channel());
        } else {
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_SERVER_UNAVAILABLE);
        }
    }

    /** Written by hand: the encoder would use the client's protocol version, which may be the reason for the refusal. */
    private static void refuse(ChannelHandlerContext ctx, MqttConnectReturnCode code) {
        LOG.debug("{} gets CONNACK {}", ctx.channel(), code);
        ByteBuf connAck = Unpooled.wrappedBuffer(new byte[] {0x20, 2, 0, code.byteValue()});
        ctx.writeAndFlush(connAck).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed before CONNECT was through: {}", ctx.channel(), cause.toString());
        ctx.close();
    }
}
