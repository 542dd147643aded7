"""What the functions of R's package forecast make of the same tasks, as files for the scorer."""
import json
import os
import pathlib
import subprocess

import harness

ASKS = {  # x: the series as ts, h: the horizon
    "naive": "naive(x, h = h, level = c(80, 95))",
    "snaive": "snaive(x, h = h, level = c(80, 95))",
    "ets": "forecast(ets(x), h = h, level = c(80, 95))",
    "arima": "forecast(auto.arima(x), h = h, level = c(80, 95))",
    "theta": "thetaf(x, h = h, level = c(80, 95))",
    "stlf": "stlf(x, h = h, level = c(80, 95))",
}
# A function that cannot answer a task, as stlf with no more than two seasons, leaves it out.
SCRIPT = """
suppressMessages(library(forecast))
tasks <- read.csv(tasks, colClasses = c(train = "character", test = "character"))
out <- file(answers, "w")
cat("id,method,step,mean,lo80,hi80,lo95,hi95\\n", file = out)
for (i in seq_len(nrow(tasks))) {
    h <- tasks$h[i]
    x <- ts(as.numeric(strsplit(tasks$train[i], " ")[[1]]), frequency = tasks$m[i])
    f <- tryCatch(suppressWarnings(ask(x, h)), error = function(e) NULL)
    if (!is.null(f))
        cat(sprintf("%s,R-%s,%d,%.8g,%.8g,%.8g,%.8g,%.8g\\n", tasks$id[i], method, seq_len(h), f$mean, f$lower[, 1], f$upper[, 1],
                    f$lower[, 2], f$upper[, 2]), sep = "", file = out)
}
close(out)
"""


def forecasts(tasks, method, folder):
    """The file with R's answers to a file of tasks; made once for each folder."""
    answers = pathlib.Path(folder) / f"{tasks.stem}.R_{method}.csv"
    if not answers.exists():
        harness.say(f"R {method}, {tasks.stem}")
        part, script = answers.with_suffix(".part"), answers.with_suffix(".R")
        script.write_text(f"tasks <- {json.dumps(str(tasks))}\nanswers <- {json.dumps(str(part))}\n"
                          f"method <- {json.dumps(method)}\nask <- function(x, h) {ASKS[method]}\n{SCRIPT}")
        subprocess.run(["Rscript", "--vanilla", script], check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        part.rename(answers)
    return answers
