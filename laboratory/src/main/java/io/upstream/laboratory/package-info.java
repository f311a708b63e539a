// SPDX-License-Identifier: Apache-2.0
/**
 * The fault laboratory: 48 faults, done to four protocols with and without a proxy, while telemetry, messages, methods and twins are under
 * way, and a checker that compares what was sent, acknowledged and received. A {@link io.upstream.laboratory.Cell} is one fault on one {@link
 * io.upstream.laboratory.Column}; a {@link io.upstream.laboratory.CellRun} gives its {@link io.upstream.laboratory.Verdict}. Each cell has a
 * hub, relays, a proxy and a runtime of its own, so that cells can run side by side. Start reading at {@link
 * io.upstream.laboratory.FaultCase}.
 */
@NullMarked
package io.upstream.laboratory;

import org.jspecify.annotations.NullMarked;
