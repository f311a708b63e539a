// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubIdentity;
import java.util.Map;

/** What one connection has subscribed to, or has from an earlier one of its session. Confined to the event loop. */
final class Feeds {
    private final StoredSession session;
    private final CloudOutbox cloudMessages;
    private final CloudOutbox inputs;
    private final Map<Feed, FeedSource> sources;

    Feeds(Hub hub, HubIdentity identity, Topics topics, StoredSession session, TwinDesk twin, MethodDesk methods) {
        this.session = session;
        this.cloudMessages = new CloudOutbox(hub, identity, topics, Feed.CLOUD_MESSAGES, session);
        this.inputs = new CloudOutbox(hub, identity, topics, Feed.INPUTS, session);
        this.sources = Map.of(
                Feed.CLOUD_MESSAGES, cloudMessages,
                Feed.INPUTS, inputs,
                Feed.DESIRED_CHANGES, twin,
                Feed.METHODS, methods);
    }

    /** Goes on with what an earlier connection has subscribed to. */
    void resume(ChannelHandlerContext ctx) {
        for (Map.Entry<Feed, FeedSource> each : sources.entrySet()) {
            if (session.qos(each.getKey()) != null) {
                each.getValue().open(ctx);
            }
        }
    }

    void subscribe(ChannelHandlerContext ctx, Feed feed, MqttQoS granted) {
        session.subscribe(feed, granted);
        FeedSource source = sources.get(feed);
        if (source != null) {
            source.open(ctx);
        }
    }

    void unsubscribe(Feed feed) {
        session.unsubscribe(feed);
        FeedSource source = sources.get(feed);
        if (source != null) {
            source.close();
        }
    }

    void acknowledged(int packetId) {
        (inputs.owns(packetId) ? inputs : cloudMessages).acknowledged(packetId);
    }

    void close() {
        sources.values().forEach(FeedSource::close);
    }
}
