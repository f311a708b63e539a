// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.upstream.connect.PipelineNames;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trace of one attempt and the connection that comes of it: below each layer whose frames it can read, a handler that reads along.
 * Handlers are put in while the attempt runs, and not at all while the logger is above TRACE. Confined to the event loop.
 */
public final class WireTrace {
    /** The logger that switches it on. */
    public static final String LOGGER = "io.upstream.wire";

    private static final String PREFIX = "trace-";
    private static final Logger log = LoggerFactory.getLogger(LOGGER);

    private final String name;
    private @Nullable String passing;

    private WireTrace(String name) {
        this.name = name;
    }

    /**
     * A trace if one is wanted now, else null.
     *
     * @param name what each line begins with: the attempt and whose it is
     */
    public static @Nullable WireTrace ifWanted(String name) {
        return log.isTraceEnabled() ? new WireTrace(name) : null;
    }

    /** The layer {@code stage} is about to be added to {@code channel}, above all that are there. */
    public void below(String stage, Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        if (passing != null && pipeline.context(passing) != null) {
            pipeline.remove(passing); // what it read along with has left
        }
        passing = null;
        Function<Scanner.Sink, Scanner> scanner = scannerOf(stage);
        if (scanner == null || pipeline.context(PREFIX + stage) != null) {
            return;
        }
        PipelineNames.append(pipeline, PREFIX + stage, new Reader(scanner));
        if (stage.equals(PipelineNames.TUNNEL)) {
            passing = PREFIX + stage;
        }
    }

    private static @Nullable Function<Scanner.Sink, Scanner> scannerOf(String stage) {
        return switch (stage) {
            case PipelineNames.TUNNEL -> TunnelScanner::new;
            case "websocket" -> WebSocketScanner::new;
            case "mqtt" -> MqttScanner::new;
            case "amqp" -> AmqpScanner::new;
            default -> null;
        };
    }

    /** Reads along and changes nothing: what it cannot follow it gives up. */
    private final class Reader extends ChannelDuplexHandler {
        private @Nullable Scanner inbound;
        private @Nullable Scanner outbound;

        private Reader(Function<Scanner.Sink, Scanner> scanner) {
            inbound = scanner.apply(line -> log.trace("{} < {}", name, line));
            outbound = scanner.apply(line -> log.trace("{} > {}", name, line));
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            inbound = follow(inbound, message);
            ctx.fireChannelRead(message);
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            outbound = follow(outbound, message);
            ctx.write(message, promise);
        }

        private @Nullable Scanner follow(@Nullable Scanner scanner, Object message) {
            if (scanner == null || !(message instanceof ByteBuf bytes)) {
                return scanner;
            }
            try {
                scanner.scan(bytes);
                return scanner;
            } catch (RuntimeException e) {
                log.debug("{} cannot be followed any further", name, e);
                return null;
            }
        }
    }
}
