# Upstream's way: R's own Kendall tau, which compares every pair of rows.
# Usage: Rscript kendall-tau.R FILE N   (FILE: N doubles of x, then N of y); prints seconds and tau.
arguments <- commandArgs(trailingOnly = TRUE)
n <- as.integer(arguments[2])
values <- readBin(arguments[1], "double", 2 * n, endian = "little")
x <- values[seq_len(n)]
y <- values[n + seq_len(n)]
seconds <- system.time(tau <- cor(x, y, method = "kendall"))[["elapsed"]]
cat(format(c(seconds, tau), digits = 17), "\n")
