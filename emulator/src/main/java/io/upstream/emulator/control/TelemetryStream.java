// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.hub.TelemetryStore;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One answer to {@code GET /telemetry}: reads a page of the store whenever the socket takes more, so a slow reader costs a page and not a
 * copy of the store. Confined to the connection's event loop.
 */
final class TelemetryStream {
    private static final int PAGE = 64;

    private final ChannelHandlerContext ctx;
    private final TelemetryStore store;
    private final @Nullable String deviceId;
    private final boolean follow;
    private final boolean keepAlive;
    private final Runnable ended;
    private long next;
    private long left;
    private Phase phase = Phase.READING;
    private Hub.@Nullable Presence waiter;

    private enum Phase {
        READING,
        /** Everything there is was sent; the store wakes the stream. */
        WAITING,
        ENDED
    }

    /** Reads the query; {@code ended} runs when the answer is complete. */
    TelemetryStream(ChannelHandlerContext ctx, TelemetryStore store, Route route, boolean keepAlive, Runnable ended)
            throws HubException {
        this.ctx = ctx;
        this.store = store;
        this.deviceId = route.parameter("deviceId");
        this.follow = route.flag("follow");
        this.next = route.number("after", 0);
        this.left = route.number("limit", Long.MAX_VALUE);
        this.keepAlive = keepAlive;
        this.ended = ended;
    }

    void start() {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "application/x-ndjson; charset=utf-8")
                .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        HttpUtil.setKeepAlive(head, keepAlive);
        ctx.writeAndFlush(head);
        pump();
    }

    /** Writes as much as the socket takes. */
    void pump() {
        while (phase == Phase.READING && left > 0 && ctx.channel().isWritable()) {
            TelemetryStore.Page page = store.read(next, (int) Math.min(PAGE, left), deviceId);
            next = page.next();
            left -= page.records().size();
            if (!page.records().isEmpty()) {
                ctx.writeAndFlush(new DefaultHttpContent(encode(page)));
            } else if (page.end()) {
                await();
            }
        }
        if (phase == Phase.READING && left == 0) {
            end();
        }
    }

    /** Gives the lines. */
    private ByteBuf encode(TelemetryStore.Page page) {
        ByteBuf lines = ctx.alloc().buffer();
        try {
            for (TelemetryRecord each : page.records()) {
                Replies.writeObject(lines, json -> write(json, each));
                lines.writeByte('\n');
            }
            return lines.retain();
        } finally {
            lines.release();
        }
    }

    private static void write(JsonGenerator json, TelemetryRecord each) throws IOException {
        json.writeNumberField("sequence", each.sequence());
        json.writeStringField("deviceId", each.identity().deviceId());
        json.writeStringField("moduleId", each.identity().moduleId());
        json.writeStringField("enqueuedTime", each.enqueuedTime().toString());
        write(json, "systemProperties", each.message().systemProperties());
        write(json, "properties", each.message().properties());
        json.writeBinaryField("body", each.message().body());
    }

    private static void write(JsonGenerator json, String name, Map<String, String> properties) throws IOException {
        json.writeObjectFieldStart(name);
        for (Map.Entry<String, String> each : properties.entrySet()) {
            json.writeStringField(each.getKey(), each.getValue());
        }
        json.writeEndObject();
    }

    private void await() {
        if (!follow) {
            end();
            return;
        }
        phase = Phase.WAITING;
        waiter = store.wakeAfter(next, () -> ctx.executor().execute(this::wake));
    }

    private void wake() {
        if (phase == Phase.WAITING) {
            phase = Phase.READING;
            pump();
        }
    }

    private void end() {
        phase = Phase.ENDED;
        ended.run();
        ChannelFuture last = ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        if (!keepAlive) {
            last.addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** The connection is gone. */
    void stop() {
        phase = Phase.ENDED;
        if (waiter != null) {
            waiter.close();
        }
    }
}
