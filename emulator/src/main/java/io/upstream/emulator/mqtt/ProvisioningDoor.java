// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.util.ReferenceCountUtil;
import io.upstream.emulator.provisioning.Admission;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.provisioning.ProvisioningException;
import io.upstream.emulator.provisioning.RegistrationAddress;
import io.upstream.emulator.server.PeerCertificates;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the first packet: a CONNECT whose user name is that of the provisioning service is answered here, everything else is left to the
 * handler behind, which also waits for the packet.
 */
final class ProvisioningDoor extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ProvisioningDoor.class);
    private static final int LEVEL = 4;

    private final Provisioning provisioning;
    private final Clock clock;
    private final String hubName;
    private final ChannelHandler behind;

    /**
     * A door before another handler.
     *
     * @param hubName may not be taken for an id scope
     * @param behind serves everybody else; leaves the pipeline if it has no one to serve
     */
    ProvisioningDoor(Provisioning provisioning, Clock clock, String hubName, ChannelHandler behind) {
        this.provisioning = provisioning;
        this.clock = clock;
        this.hubName = hubName;
        this.behind = behind;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        RegistrationAddress address = message instanceof MqttConnectMessage connect
                        && connect.decoderResult().isSuccess()
                ? RegistrationAddress.ofUserName(connect.payload().userName())
                : null;
        if (address == null || address.idScope().equalsIgnoreCase(hubName)) {
            ctx.fireChannelRead(message);
            ctx.pipeline().remove(this);
            return;
        }
        try {
            ctx.pipeline().remove(behind);
            connect(ctx, (MqttConnectMessage) message, address);
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void connect(ChannelHandlerContext ctx, MqttConnectMessage connect, RegistrationAddress address) {
        if (connect.variableHeader().version() != LEVEL) {
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_UNACCEPTABLE_PROTOCOL_VERSION);
            return;
        }
        if (!connect.payload().clientIdentifier().equalsIgnoreCase(address.registrationId())) {
            LOG.debug("{} refused: the client id is not the registration id of the user name", ctx.channel());
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED);
            return;
        }
        try {
            Admission admission = admit(ctx, address, connect.payload().passwordInBytes());
            ctx.write(MqttMessageBuilders.connAck()
                    .returnCode(MqttConnectReturnCode.CONNECTION_ACCEPTED)
                    .sessionPresent(false)
                    .build());
            Lifetime lifetime = new Lifetime(
                    clock, admission.end(), connect.variableHeader().keepAliveTimeSeconds());
            ctx.pipeline().replace(this, null, new ProvisioningSession(provisioning, admission, lifetime));
        } catch (ProvisioningException e) {
            LOG.debug("{} refused: {} {}", ctx.channel(), e.error(), e.getMessage());
            refuse(ctx, MqttConnectReturnCode.CONNECTION_REFUSED_NOT_AUTHORIZED);
        }
    }

    private Admission admit(ChannelHandlerContext ctx, RegistrationAddress address, byte[] password)
            throws ProvisioningException {
        return password == null || password.length == 0
                ? provisioning.admit(address, PeerCertificates.of(ctx.channel()))
                : provisioning.admit(address, new String(password, StandardCharsets.UTF_8));
    }

    private void refuse(ChannelHandlerContext ctx, MqttConnectReturnCode code) {
        ByteBuf connAck = Unpooled.wrappedBuffer(new byte[] {0x20, 2, 0, code.byteValue()});
        ctx.writeAndFlush(connAck).addListener(ChannelFutureListener.CLOSE);
        ctx.pipeline().replace(this, null, new Deaf());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed before CONNECT was through: {}", ctx.channel(), cause.toString());
        ctx.close();
    }

    /** What was pipelined behind a refused CONNECT counts for nothing. */
    static final class Deaf extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
