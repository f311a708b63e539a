// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

/** To be filled. */
final class CodecReport {
    private CodecReport() {}
}
