defmodule Klime.BatchResponse do
  @moduledoc """
  What Klime answered to a batch that it took.

    * `:status` - the word of the server, usually `"ok"`
    * `:accepted` - how many events it took
    * `:failed` - how many it refused
    * `:errors` - which ones and why, a list of `Klime.ValidationError`
  """

  alias Klime.{ValidationError, Wire}

  @typedoc "Klime's answer to a batch."
  @type t :: %__MODULE__{
          status: String.t(),
          accepted: non_neg_integer(),
          failed: non_neg_integer(),
          errors: [ValidationError.t()]
        }

  defstruct status: "", accepted: 0, failed: 0, errors: []

  @doc """
  Reads an answer.

      iex> Klime.BatchResponse.from_map(%{"status" => "ok", "accepted" => 2, "failed" => 0})
      %Klime.BatchResponse{status: "ok", accepted: 2, failed: 0, errors: []}
  """
  @spec from_map(map()) :: t()
  def from_map(map) when is_map(map) do
    %__MODULE__{
      status: Wire.text(Wire.get(map, "status")),
      accepted: Wire.count(Wire.get(map, "accepted")),
      failed: Wire.count(Wire.get(map, "failed")),
      errors: for(error <- List.wrap(Wire.get(map, "errors")), is_map(error), do: ValidationError.from_map(error))
    }
  end

  @doc """
  Whether every event was taken.

      iex> Klime.BatchResponse.success?(%Klime.BatchResponse{accepted: 2})
      true
      iex> Klime.BatchResponse.success?(%Klime.BatchResponse{accepted: 1, failed: 1})
      false
  """
  @spec success?(t()) :: boolean()
  def success?(%__MODULE__{failed: failed, errors: errors}), do: failed == 0 and errors == []

  @doc """
  Whether some events were taken and some refused.

      iex> Klime.BatchResponse.partial?(%Klime.BatchResponse{accepted: 1, failed: 1})
      true
      iex> Klime.BatchResponse.partial?(%Klime.BatchResponse{accepted: 2})
      false
  """
  @spec partial?(t()) :: boolean()
  def partial?(%__MODULE__{accepted: accepted} = response), do: accepted > 0 and not success?(response)

  @doc false
  def from_native({status, accepted, failed, errors}) do
    errors = Enum.map(errors, &ValidationError.from_native/1)
    %__MODULE__{status: status, accepted: accepted, failed: failed, errors: errors}
  end
end
