// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.Channel;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.Opening;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import io.upstream.session.Pace;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/**
 * The last layer: protocol headers, SASL, open. Leaves an {@link AmqpConnection} in the pipeline; what each identity needs on top of it
 * (token, session, links) is its session's affair.
 */
final class AmqpStage implements ConnectStage {
    static final String NAME = "amqp";

    private static final StageLimit LIMIT = StageLimit.of(Duration.ofSeconds(20));

    private final Opening opening;
    private final Map<String, String> linkProperties;
    private final Pace pace;

    /** @param pace of the transport, which learns from the end of the connection */
    AmqpStage(Opening opening, Map<String, String> linkProperties, Pace pace) {
        this.opening = opening;
        this.linkProperties = linkProperties;
        this.pace = pace;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        AmqpConnection connection = new AmqpConnection(opening, linkProperties, where, System::nanoTime, pace);
        PipelineNames.append(channel.pipeline(), PipelineNames.SESSION, connection);
        return connection.whenOpened();
    }

    /** What this stage has left in an established channel. */
    static AmqpConnection connection(Channel channel) {
        return (AmqpConnection) channel.pipeline().get(PipelineNames.SESSION);
    }
}
