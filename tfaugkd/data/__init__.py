"""Texts and labels: where they come from, and what a task is. Imports no TensorFlow."""

from tfaugkd.data.examples import Examples
from tfaugkd.data.load import load_split, load_train, task_of
from tfaugkd.data.tasks import Task

__all__ = ["Examples", "Task", "load_split", "load_train", "task_of"]
