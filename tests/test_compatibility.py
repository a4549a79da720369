import pytest
from conftest import WORDS, bert, byte_pairs, distil_bert, roberta

from tfaugkd.augment.augpro import augpro_fgsm, augpro_mix
from tfaugkd.augment.fgsm import FGSM
from tfaugkd.augment.knn import KNN
from tfaugkd.augment.mixup import MixUp
from tfaugkd.augment.random_generation import RandomGeneration
from tfaugkd.augment.random_replacement import RandomReplacement
from tfaugkd.classifier import SplitClassifier
from tfaugkd.compatibility import check_distillation
from tfaugkd.config import Objective
from tfaugkd.errors import InputError

LABELS_ONLY = Objective(soft=0.0)
NOTHING = Objective(hard=0.0, soft=0.0)


def refusal(*arguments):
    with pytest.raises(InputError) as refused:
        check_distillation(*arguments)
    message = str(refused.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    "methods",
    [[], [MixUp()], [FGSM()], [augpro_mix(), augpro_fgsm()], [MixUp(), FGSM(), augpro_mix()]],
)
def test_models_of_one_vocabulary_can_do_everything(teacher, student, methods):
    check_distillation(teacher, student, Objective(), methods)


def test_labels_alone_need_no_teacher(student):
    check_distillation(None, student, LABELS_ONLY, [])


def test_a_teacher_is_asked_for_by_what_needs_it(student):
    assert "loss.soft is 1.0, but there is no teacher" in refusal(None, student, Objective(), [])
    message = refusal(None, student, LABELS_ONLY, [MixUp()])
    assert message == "Augmentation 'mixup' needs a teacher, but there is none."


def test_a_loss_must_be_left(teacher, student):
    assert "no loss is left" in refusal(teacher, student, NOTHING, [])
    check_distillation(teacher, student, NOTHING, [MixUp()])
    check_distillation(teacher, student, NOTHING, [augpro_fgsm(direction="random")])


@pytest.mark.parametrize("method", [FGSM(), augpro_fgsm(direction="descent")])
def test_a_gradient_to_follow_must_exist(teacher, student, method):
    message = refusal(teacher, student, NOTHING, [augpro_mix(), method])
    assert message.startswith(f"{method.name} follows the gradient of the loss on clean text")


def test_two_augmentations_need_two_names(teacher, student):
    message = refusal(teacher, student, Objective(), [MixUp(), MixUp(rotation=2)])
    assert message == "2 augmentations are named 'mixup'; give each its own name."
    check_distillation(teacher, student, Objective(), [MixUp(), MixUp(rotation=2, name="second")])


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (MixUp(hard=-1.0), "mixup.hard is -1.0, but must be 0 or more."),
        (augpro_mix(soft=-0.5), "augpro_mix.soft is -0.5, but must be 0 or more."),
        (augpro_mix(soft=0.0), "augpro_mix has weight 0 in the loss; leave it out instead."),
    ],
)
def test_a_weight_without_a_meaning_is_refused(teacher, student, method, sentence):
    assert refusal(teacher, student, Objective(), [method]) == sentence


def test_epsilon_auto_is_for_methods_that_make_tokens(teacher, student):
    message = refusal(teacher, student, Objective(), [FGSM(epsilon="auto")])
    assert message.startswith("fgsm.epsilon is 'auto', but must be a number")


def test_both_models_must_have_the_same_classes(teacher):
    other = SplitClassifier(bert(layers=1, num_classes=3))
    message = refusal(teacher, other, Objective(), [])
    assert message == "The teacher has 2 classes and the student 3; they must have the same."


def test_probabilities_of_a_score_are_refused():
    score = SplitClassifier(bert(layers=1, num_classes=1))
    assert "regression" in refusal(score, score, Objective(distance="kl"), [])
    check_distillation(score, score, Objective(), [MixUp()])


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (MixUp(), "position t of the two models would hold different words"),
        (augpro_mix(), "both models read the tokens that projection finds"),
        (augpro_fgsm(epsilon=1.0), "both models read the tokens that projection finds"),
    ],
)
def test_two_vocabularies_are_refused_by_method_and_reason(teacher, stranger, method, reason):
    message = refusal(teacher, stranger, Objective(), [method])
    assert message.startswith(f"{method.name} needs a teacher and a student with one vocabulary")
    assert reason in message


def test_two_vocabularies_can_do_what_needs_no_common_token(teacher, stranger):
    check_distillation(teacher, stranger, Objective(), [FGSM()])


def test_a_sentence_says_what_the_two_vocabularies_are(teacher):
    message = refusal(teacher, SplitClassifier(roberta(layers=1)), Objective(), [augpro_mix()])
    assert message.endswith(
        f"a BertTokenizer with {len(WORDS)} tokens and a RobertaTokenizer with "
        f"{len(byte_pairs()[0])} tokens."
    )


def test_families_with_one_vocabulary_can_do_everything(teacher):
    methods = [MixUp(), FGSM(), augpro_mix(), augpro_fgsm(epsilon=1.0)]
    check_distillation(teacher, SplitClassifier(distil_bert(layers=1)), Objective(), methods)


@pytest.mark.parametrize("method", [KNN(degree="auto"), RandomReplacement(degree="auto")])
def test_a_degree_must_have_become_a_number(teacher, student, method):
    message = refusal(teacher, student, Objective(), [method])
    assert message.startswith(f"{method.name}.degree is 'auto', which goes by the number of ")


@pytest.mark.parametrize("method", [KNN(), RandomReplacement(), RandomGeneration()])
def test_words_that_are_put_in_are_read_by_both_models(teacher, stranger, method):
    message = refusal(teacher, stranger, Objective(), [method])
    assert message.startswith(f"{method.name} needs a teacher and a student with one vocabulary")
