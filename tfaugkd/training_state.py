"""All that changes in a distiller while it trains, as arrays."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfaugkd.errors import InputError
from tfaugkd.hosts import host_of, of_each_host
from tfaugkd.plain_json import plain

if TYPE_CHECKING:
    from tfaugkd.classifier import SplitClassifier
    from tfaugkd.distiller import Distiller

Values = list[list[np.ndarray]]
# The teacher's stored answers, whose last bits another machine may compute otherwise.
ANSWERS = "teacher_logits"


def changing_variables(distiller: "Distiller") -> list[Any]:
    """Lists every variable that a step changes.

    Args:
        distiller: A compiled distiller.

    Returns:
        Those of the student, the deep projections, the optimizer and the metrics, and the random
        states of both models' dropout, which Keras' and TensorFlow's own checkpoints leave out.
    """
    teacher = [] if distiller.teacher is None else _random_states(distiller.teacher)
    own = distiller.metrics_variables + distiller.variables
    return [*own, *distiller.optimizer.variables, *teacher]


def values_of(variables: Sequence[Any]) -> Values:
    """Reads variables; on several hosts all of them do so at the same moment of a run.

    Args:
        variables: Keras variables.

    Returns:
        For each its value; where replicas hold values that differ, that of each replica, in the
        order of the hosts.
    """
    values = []
    for variable in variables:
        parts = [np.asarray(part.numpy()) for part in _replicas_of(variable)]
        if variable.synchronization == "on_read":
            # A metric: each host has counted its own examples.
            strategy = getattr(variable.value, "distribute_strategy", None)
            hosts = of_each_host(strategy, np.stack(parts))
            parts = [np.asarray(part) for of_host in hosts for part in of_host]
        same = all(part.tobytes() == parts[0].tobytes() for part in parts)
        values.append(parts[:1] if same else parts)
    return values


def restore_values(variables: Sequence[Any], values: Values) -> None:
    """Gives variables their values back.

    Args:
        variables: Keras variables, in the order of those that were read.
        values: What `values_of` gave.

    Raises:
        InputError: These are not the variables that were read.
    """
    if len(variables) != len(values):
        raise InputError(
            f"The checkpoint holds {len(values)} variables, but these models, the optimizer and "
            f"the metrics have {len(variables)}; build them as before, or name another folder."
        )
    for variable, parts in zip(variables, values, strict=True):
        replicas = _replicas_of(variable)
        host, hosts = host_of(getattr(variable.value, "distribute_strategy", None))
        count = len(replicas) * hosts
        if parts[0].shape != tuple(variable.shape) or len(parts) not in (1, count):
            raise InputError(
                f"The checkpoint holds {len(parts)} x {parts[0].shape} for {variable.path}, which "
                f"is {count} x {tuple(variable.shape)} (replicas x shape); build the models as "
                "before, or name another folder."
            )
        for number, replica in enumerate(replicas, start=host * len(replicas)):
            replica.assign(parts[number % len(parts)])


def learns_numbers(distiller: "Distiller") -> bool:
    """Tells whether every weight that learns is a finite number."""
    return all(np.isfinite(weight.numpy()).all() for weight in distiller.step.learned)


def describe_run(distiller: "Distiller", first_batch: Any, steps_per_epoch: int) -> dict[str, Any]:
    """Lists what makes a run of a distiller another one, as far as it can be told.

    Args:
        distiller: A compiled distiller.
        first_batch: The first batch of its data.
        steps_per_epoch: Steps in an epoch.

    Returns:
        Mappings, lists and scalars.
    """
    teacher = None if distiller.teacher is None else distiller.teacher.classifier.weights
    x, *labels_and_weights = first_batch
    texts = {name: part for name, part in x.items() if name != ANSWERS}
    found = plain(
        {
            "steps_per_epoch": steps_per_epoch,
            "steps_per_execution": distiller.steps_per_execution,
            "loss": distiller.objective,
            "augmentations": [method.name for method in distiller.augmentations],
            "teacher_dropout": distiller.step.teacher_dropout,
            "optimizer": _without_names(keras.optimizers.serialize(distiller.optimizer)),
            "teacher": None if teacher is None else _digest(teacher),
            "first_batch": _digest(tf.nest.flatten((texts, *labels_and_weights))),
            ANSWERS: _digest([x[ANSWERS]]) if ANSWERS in x else None,
        }
    )
    assert isinstance(found, dict), "a mapping stays one"
    return found


def build_metrics(distiller: "Distiller", batch: Any) -> None:
    """Has the metrics given to `compile` make their variables, which they do on first use.

    Args:
        distiller: A compiled distiller.
        batch: A batch of its data.
    """
    x, y, *_ = batch
    size = y.shape[0]
    logits = tf.zeros([size, distiller.student.num_classes])
    distiller.compute_metrics(x, y, logits, tf.ones([size]))


def _without_names(tree: Any) -> Any:
    """Leaves out the names that Keras makes up, another one for each object of a process."""
    if not isinstance(tree, dict):
        return tree
    return {key: _without_names(part) for key, part in tree.items() if key != "name"}


def _digest(arrays: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(array)).tobytes())
    return f"sha256 {digest.hexdigest()[:12]}"


def _random_states(model: "SplitClassifier") -> list[Any]:
    """Lists what changes in a model that does not learn: the states of its dropout."""
    weights = {id(weight) for weight in model.classifier.weights}
    return [
        variable
        for variable in model.classifier.variables
        if id(variable) not in weights or "int" in str(variable.dtype)
    ]


def _replicas_of(variable: Any) -> list[Any]:
    """Gives the TensorFlow variables behind a Keras variable, one for each replica."""
    value = variable.value
    return list(value.values) if isinstance(value, tf.distribute.DistributedValues) else [value]
