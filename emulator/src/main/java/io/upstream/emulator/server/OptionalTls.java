// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.ssl.OptionalSslHandler;
import io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;

/** Looks at a connection's first bytes: TLS is opened, anything else passes as it is. Leaves the pipeline then. */
public final class OptionalTls extends OptionalSslHandler {
    public OptionalTls(SslContext context) {
        super(context);
    }

    @Override
    protected @Nullable ChannelHandler newNonSslHandler(ChannelHandlerContext ctx) {
        return null;
    }
}
