// SPDX-License-Identifier: Apache-2.0
/** Benchmarks of what the WebSocket module keeps to itself, beside Netty's codec. */
@NullMarked
package io.upstream.websocket;

import org.jspecify.annotations.NullMarked;
