"""FIS that acts: moto's templates, tags and pages, with experiments of our own behind them."""

from moto.fis import models, responses, urls

from . import backend, experiment, lever


def extend():
    models.Experiment = experiment.Experiment
    models.mock_random = backend.Ids
    backend.extend(models.FISBackend)
    lever.extend(responses.FISResponse, urls)
